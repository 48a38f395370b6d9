/** The examples, run as programs of a project that has installed the packed package, against local servers. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, beforeAll, describe, it, vi } from "vitest"
import { here, inScratch, ROOT, startFile } from "../support/command.ts"
import { BUILD_MS, noNpm, packed, project } from "../support/packed.ts"
import { neutralBundle } from "../support/neutralBundle.ts"
import { worker } from "../support/workerd.ts"
import { authority } from "./certificates.ts"
import type { Example } from "./table.ts"
import { EXAMPLES } from "./table.ts"

// Other programs start here, which takes long on a busy machine.
vi.setConfig({ testTimeout: BUILD_MS })

async function run({ file, packages, servers, args, prints, path: asked }: Example): Promise<void> {
  await inScratch(async (directory) => {
    project(directory, packages)
    fs.copyFileSync(path.join(ROOT, "examples", file), path.join(directory, file))
    const trusted = path.join(directory, "trusted.pem")
    fs.writeFileSync(trusted, authority)
    const running = await Promise.all(servers.map((serve) => serve()))
    try {
      if (asked !== undefined) {
        const answer = await inWorkerd(path.join(directory, file), running.map(({ address }) => address), asked)
        for (const form of prints) assert.match(answer, form)
        return
      }
      const given = args?.(running) ?? running.map(({ address }) => address)
      const { code, stdout, stderr } = await startFile(path.join(directory, file), given, {
        cwd: directory,
        config: path.join(directory, "deno.json"),
        env: { NODE_EXTRA_CA_CERTS: trusted, DENO_CERT: trusted, CA_FILE: trusted }
      }).ended
      assert.deepStrictEqual([code, stderr], [0, ""], stdout)
      for (const form of prints) assert.match(stdout, form)
    } finally {
      await Promise.all(running.map(({ stop }) => stop()))
    }
  })
}

/** What the worker answers to a request for the path, with its token. */
async function inWorkerd(file: string, addresses: ReadonlyArray<string>, asked: string): Promise<string> {
  const bindings = { CANDIDATES: addresses.join(","), TOKEN: "a-token" }
  await using one = await worker(await neutralBundle({ file }, { fromPackage: true }), bindings)
  const response = await fetch(`${one.url}${asked}`, { headers: { authorization: "Bearer a-token" } })
  return response.text()
}

describe("the table of examples", () => {
  it("has a row for each file of examples, and no other", () => {
    const files = fs.readdirSync(path.join(ROOT, "examples")).filter((name) => /\.m?[jt]s$/.test(name))
    assert.sameMembers(EXAMPLES.map(({ file }) => file), files)
  })
})

describe.skipIf(noNpm)("an example that imports the packed package does what it says", () => {
  beforeAll(packed, BUILD_MS)

  for (const example of EXAMPLES) {
    const isSkipped = example.runtimes?.includes(here) === false || example.isMissing === true
    it.skipIf(isSkipped)(`examples/${example.file}`, () => run(example))
  }
})
