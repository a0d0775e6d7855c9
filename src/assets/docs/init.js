/* global SwaggerUIBundle */

// A file of its own, since the page's content security policy allows no script in the page itself.

/** The address that the document's examples are written with. */
const WRITTEN = "http://127.0.0.1:8000";

/** They are the same at every path, and would make three of each. */
const HIDDEN_METHODS = new Set(["head", "options"]);

const documentUrl = new URL("openapi.json", document.baseURI);
const base = documentUrl.href.replace(/\/openapi\.json$/, "");

const dark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
followScheme();
dark.addEventListener("change", followScheme);

/** Has the examples call the runner that shows them. */
function withOwnAddress(response) {
  if (response.url !== documentUrl.href || !response.ok) return response;
  const text = response.text.replaceAll(WRITTEN, base);
  const api = { ...JSON.parse(text), servers: [{ url: base, description: "This runner" }] };
  return { ...response, text: JSON.stringify(api), data: JSON.stringify(api), body: api, obj: api };
}

const withoutHidden = (tag) =>
  tag.update("operations", (operations) => operations.filter((it) => !HIDDEN_METHODS.has(it.get("method"))));

window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: documentUrl.href,
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    // The online validator would be told of every document.
    validatorUrl: null,
    responseInterceptor: withOwnAddress,
    plugins: [
      {
        statePlugins: {
          spec: {
            wrapSelectors: {
              taggedOperations:
                (original) =>
                (...parameters) =>
                  original(...parameters).map(withoutHidden),
            },
          },
        },
      },
    ],
  });
});
