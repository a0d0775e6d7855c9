import { describe, expect, test } from "bun:test";

import { type ManifestDefaults, readManifest } from "../../src/manifest/manifest.ts";
import { MANIFEST_DEFAULTS } from "../helpers/manifest.ts";
import { temporaryTree } from "../helpers/tree.ts";

async function read(value: string, defaults: Partial<ManifestDefaults> = {}) {
  const toml = `[agent]\nname = "a"\nsystem_packages = ${value}\n`;
  await using tree = await temporaryTree({ "oken.toml": toml, "main.py": "" });
  const { manifest } = await readManifest(tree.path, { ...MANIFEST_DEFAULTS, ...defaults });
  return manifest.systemPackages;
}

describe("system_packages names Debian packages", () => {
  test.each<[value: string, packages: string[] | undefined]>([
    ["[]", undefined],
    ['["libgl1", "ffmpeg", "ffmpeg"]', ["ffmpeg", "libgl1"]],
    ['["g++", "libstdc++6", "python3.11", "0ad"]', ["0ad", "g++", "libstdc++6", "python3.11"]],
    ['["ffmpeg=7:7.1.1-1+b1", "jq=1.7~rc1"]', ["ffmpeg=7:7.1.1-1+b1", "jq=1.7~rc1"]],
  ])("%s", async (value, packages) => {
    expect(await read(value)).toEqual(packages);
  });

  test.each([
    ["an option", "-o=Debug::NoLocking=1"],
    ["a long option", "--allow-unauthenticated"],
    ["a path", "./evil.deb"],
    ["an absolute path", "/tmp/evil.deb"],
    ["a release", "ffmpeg/sid"],
    ["an architecture", "ffmpeg:arm64"],
    ["a command", "ffmpeg; rm -rf /"],
    ["a pattern", "lib*"],
    ["a task", "desktop^"],
    ["capitals", "FFmpeg"],
    ["a blank", "ffmpeg libgl1"],
    ["a line", "ffmpeg\\nRUN true"],
    ["one letter", "x"],
    ["nothing", ""],
    ["no version", "ffmpeg="],
    ["a version that is none", "ffmpeg=latest"],
    ["an option in the version", "ffmpeg=1 --force-yes"],
  ])("%s is none: %j", async (_, name) => {
    const error = read(`["ok-package", "${name}"]`);
    await expect(error).rejects.toMatchObject({ code: "CONFIG_ERROR" });
    await expect(error).rejects.toThrow("is not allowed; it is a list of Debian packages");
  });

  test.each([
    ['"ffmpeg"', "it is a list of Debian packages"],
    ["[1]", "system_packages = 1 is not allowed"],
    ['["jq=1.6", "jq=1.7"]', "jq is named in two versions"],
    [JSON.stringify(Array.from({ length: 101 }, (_, at) => `lib${at}`)), "at most 100 are named"],
  ])("%s is refused", async (value, words) => {
    await expect(read(value)).rejects.toThrow(words);
  });
});

test("a host that installs none says why, and takes a list without any", async () => {
  const host = { noSystemPackages: "this host installs none" };
  await expect(read('["jq"]', host)).rejects.toThrow(
    'oken.toml line 3: system_packages = ["jq"] is not allowed; this host installs none',
  );
  expect(await read("[]", host)).toBeUndefined();
});
