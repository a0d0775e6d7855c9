import { StatsQuery } from "../../model/api-stats.ts";
import { errorResponses } from "./errors.ts";
import { AGENT_ID, type Operation, jsonContent, parametersIn, success } from "./operation.ts";

export const statsDocs: Operation = {
  operationId: "getStats",
  tags: ["Agents"],
  summary: "What all agents do",
  description: `Calls, errors, durations and memory of each agent in the last minute. Durations are until an answer began; their
quantiles are within 13 %. With \`history=true\` also the calls of each minute of the last hour. A restart of the runner
forgets them.`,
  parameters: parametersIn("query", StatsQuery),
  responses: { 200: success("The figures.", jsonContent("StatsList")), ...errorResponses("historyInvalid") },
};

export const agentStatsDocs: Operation = {
  operationId: "getAgentStats",
  tags: ["Agents"],
  summary: "What an agent does",
  description: "The same of one agent, with each minute of the last hour and the streams that are open.",
  parameters: AGENT_ID,
  responses: { 200: success("The figures.", jsonContent("AgentStats")), ...errorResponses("agentNotFound") },
};

export const hostDocs: Operation = {
  operationId: "getHost",
  tags: ["Runner"],
  summary: "The host",
  description:
    "What the host has and how much of it is free, what is wrong with it, and the builds that run and wait.",
  responses: { 200: success("The host.", jsonContent("HostReport")), ...errorResponses() },
};
