import type { DeployNews } from "../../client/deploy.ts";

/** Tells a person how a deploy goes. */
export type DeployView = {
  news: (news: DeployNews) => void;
  /** Of the files, this part has been sent. */
  sent: (part: number) => void;
  end: () => void;
};
