// Runs before anything is painted, so that a page in the reader's own theme does not flash in another.
document.documentElement.dataset["theme"] = localStorage.getItem("oken-theme") ?? "auto";
