// Counts and shares in words, as accounts/words.py says them on the server: tests/words.py holds both against one table.
export const either = (count, one, many) => (count === 1 ? one : many);

export const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${either(count, one, many)}`;

// 100 only if nothing is missing.
export const percent = (part, whole) => (part >= whole ? 100 : Math.max(0, Math.min(99, Math.floor((100 * part) / whole))));
