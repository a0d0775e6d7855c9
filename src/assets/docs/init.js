/* global SwaggerUIBundle */

// A file of its own, since the page's content security policy allows no script in the page itself.
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    // The online validator would be told of every document.
    validatorUrl: null,
  });
});
