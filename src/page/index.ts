/** The one door to the page that browsers get at `/`. */
import { bundlePage } from "./bundle.ts" with { type: "macro" };

export const PAGE = bundlePage();
