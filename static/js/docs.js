// @ts-check
// Docs: draws the calls of the schema that #docs[data-schema] names with Swagger UI, in the page's theme.
const place = document.querySelector("#docs");

// A token that is pasted alone gets its scheme.
const withScheme = (request) => {
  const given = request.headers?.Authorization?.trim();
  if (given && !/\s/.test(given)) request.headers.Authorization = `Token ${given}`;
  return request;
};

const follow = () => document.documentElement.classList.toggle("dark-mode", document.documentElement.dataset.bsTheme === "dark");

follow();
new MutationObserver(follow).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.schema,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  requestInterceptor: withScheme,
  syntaxHighlight: false,
  validatorUrl: null,
});
