// @ts-check
// Counts, shares and sizes in words, as accounts/words.py and dashboard/files/sizes.py say them on the server: tests/words.py holds both against one table.
export const either = (count, one, many) => (count === 1 ? one : many);

export const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${either(count, one, many)}`;

// 100 only if nothing is missing.
export const percent = (part, whole) => (part >= whole ? 100 : Math.max(0, Math.min(99, Math.floor((100 * part) / whole))));

const UNITS = ["bytes", "KB", "MB", "GB", "TB"]; // by thousands

export const size = (bytes) => {
  if (bytes === 1) return "1 byte";
  let unit = 0;
  let value = bytes;
  const digits = () => (unit < 2 ? 0 : 1);
  // What rounds to 1,000 of a unit is 1 of the next.
  while (unit < UNITS.length - 1 && Number(value.toFixed(digits())) >= 1000) {
    unit += 1;
    value /= 1000;
  }
  return `${Number(value.toFixed(digits()))} ${UNITS[unit]}`;
};
