/**
 * Gives a document an origin that nobody shares: its scripts run, but reach neither the API nor another agent's pages,
 * and keep nothing in the browser. What an agent's own policy says holds beside it.
 */
const POLICY = [
  "sandbox",
  "allow-downloads",
  "allow-forms",
  "allow-modals",
  "allow-pointer-lock",
  "allow-popups",
  // Links to other sites open as usual. A page of an agent is confined by its own answer.
  "allow-popups-to-escape-sandbox",
  "allow-scripts",
  "allow-top-navigation-by-user-activation",
].join(" ");

/** Keeps what an agent answers apart from the origin that it is answered at. */
export function confine(answer: Headers): void {
  answer.append("content-security-policy", POLICY);
  forbidSniffing(answer);
}

/** Has browsers believe the type that an answer says it has. */
export function forbidSniffing(answer: Headers): void {
  answer.set("x-content-type-options", "nosniff");
}
