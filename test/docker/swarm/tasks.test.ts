import { expect, test } from "bun:test";

import { exitCodeOf, readTasks } from "../../../src/docker/swarm/tasks.ts";

const SERVICE = "ysqwlq03e2lxvehfv39s5z0n1";

const line = (...fields: string[]) => fields.join("\t");

test("a task that runs has its node and the ports that are its own there", () => {
  const output = line(
    ...["t1", `${SERVICE}.1`, "n1", "Running", "Running 3 seconds ago"],
    ...["*:32768->8081/tcp,*:32769->8080/tcp", ""],
  );
  expect(readTasks(`${output}\n`)).toEqual([
    {
      id: "t1",
      serviceId: SERVICE,
      nodeId: "n1",
      desired: "running",
      state: "running",
      ports: { 8081: 32_768, 8080: 32_769 },
      error: "",
    },
  ]);
});

test.each([
  ["Complete", "", 0],
  ["Failed", '"task: non-zero exit (3)"', 3],
  ["Rejected", '"No such image: a"', undefined],
  ["Failed", '"starting container failed: exec: "nothing": not found"', undefined],
])("a task that is %s with %p has the exit code %p", (state, error, code) => {
  const [task] = readTasks(line("t1", `${SERVICE}.1`, "n1", "Shutdown", `${state} 2 seconds ago`, "", error));
  expect(task && exitCodeOf(task)).toBe(code);
  expect(task?.error).toBe(error.slice(1, -1));
});

test("a list of no tasks is empty", () => {
  expect(readTasks("\n")).toEqual([]);
});
