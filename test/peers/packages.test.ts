/** npm and pip through the proxy port, against a registry of this test. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Peers } from "../support/peers/peers.ts"
import { peers } from "../support/peers/peers.ts"
import { makeNpmPackage, makeWheel, PACKAGE } from "../support/peers/registries.ts"
import { lacksTool, runTool } from "../support/peers/tools.ts"

/** npm and pip start slowly on a busy machine. */
const TIMEOUT_MS = 120_000

describe.skipIf(lacksTool("npm", "npm", "npm"))("npm installs a package", () => {
  let world: Peers
  beforeAll(async () => void (world = await peers({ prepare: makeNpmPackage })), 90_000)
  afterAll(() => world?.stop())

  for (const scheme of ["http", "https"] as const) {
    it(`over ${scheme}`, async () => {
      const project = path.join(world.directory, scheme)
      fs.mkdirSync(project)
      fs.writeFileSync(path.join(project, "package.json"), "{}")
      const { code, stderr } = await runTool("npm", [
        ...["install", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=0"],
        ...[`--registry=${world[scheme]}/npm/`, `--cafile=${world.authority}`, `--cache=${path.join(project, "cache")}`],
        PACKAGE
      ], { cwd: project, env: world.env, timeoutMs: TIMEOUT_MS })
      assert.strictEqual(code, 0, stderr)
      const file = path.join(project, "node_modules", PACKAGE, "index.js")
      assert.include(fs.readFileSync(file, "utf8"), "from the registry")
    }, TIMEOUT_MS)
  }
})

const noPip = lacksTool("pip", "python3-pip", "pip3", "pip")

describe.skipIf(noPip)("pip installs a package", () => {
  let world: Peers
  beforeAll(async () => void (world = await peers({ prepare: makeWheel })), 90_000)
  afterAll(() => world?.stop())

  for (const scheme of ["http", "https"] as const) {
    it(`over ${scheme}`, async () => {
      const target = path.join(world.directory, scheme)
      const { code, stderr, stdout } = await runTool(
        "python3",
        [
          ...["-m", "pip", "--isolated", "install", "--no-cache-dir", "--disable-pip-version-check", "--retries=0"],
          ...["--root-user-action=ignore", `--index-url=${world[scheme]}/pypi/simple`, `--cert=${world.authority}`],
          ...["--trusted-host=web.example", `--target=${target}`, PACKAGE]
        ].filter((arg) => scheme === "http" || !arg.startsWith("--trusted-host")),
        {
          env: { ...world.env, PIP_CONFIG_FILE: "/dev/null" },
          timeoutMs: TIMEOUT_MS
        }
      )
      assert.strictEqual(code, 0, stderr + stdout)
      assert.include(fs.readFileSync(path.join(target, "fairlead_sample.py"), "utf8"), "from the index")
    }, TIMEOUT_MS)
  }
})
