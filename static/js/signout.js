// Signing out: what this browser keeps of unfinished uploads, see upload-kept.js, is not for whoever comes next.
document.addEventListener("submit", ({ target }) => target.matches("[data-sign-out]") && window.indexedDB?.deleteDatabase("likewise"));
