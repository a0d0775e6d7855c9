/** What a reader sees of a page; its head names it once more. Pages of frameworks' errors are small and simple. */
export function pageText(html: string): string {
  let text = "";
  let hidden = 0;
  new HTMLRewriter()
    .on("title, style, script", {
      element(element) {
        hidden += 1;
        element.onEndTag(() => {
          hidden -= 1;
        });
      },
    })
    .on("*", {
      element() {
        text += " ";
      },
    })
    .onDocument({
      text(piece) {
        if (hidden === 0) text += piece.text;
      },
    })
    .transform(html);
  return text.replaceAll(/\s+/gu, " ").trim();
}
