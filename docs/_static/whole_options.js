// Where a command is too long for a line, its options stay whole: a browser would break them after each hyphen.
document.addEventListener("DOMContentLoaded", () => {
  for (const code of document.querySelectorAll(".highlight pre, code.literal")) {
    const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts.filter((node) => /(^|\s)-/.test(node.data))) {
      text.replaceWith(...text.data.split(/(\s+)/).map((word) =>
        word.startsWith("-") ? Object.assign(document.createElement("span"), { className: "whole", textContent: word }) : word));
    }
  }
});
