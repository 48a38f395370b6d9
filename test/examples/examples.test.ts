/** The examples, run as programs of a project that has installed the packed package, against local servers. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { cert } from "../support/certificate.ts"
import { here, inScratch, ROOT, startFile } from "../support/command.ts"
import { BUILD_MS, noNpm, packed, project } from "../support/packed.ts"
import type { Example } from "./table.ts"
import { EXAMPLES } from "./table.ts"

async function run({ file, packages, servers, args, prints }: Example): Promise<void> {
  await inScratch(async (directory) => {
    project(directory, packages)
    fs.copyFileSync(path.join(ROOT, "examples", file), path.join(directory, file))
    const trusted = path.join(directory, "trusted.pem")
    fs.writeFileSync(trusted, cert)
    const running = await Promise.all(servers.map((serve) => serve()))
    try {
      const given = args?.(running) ?? running.map(({ address }) => address)
      const { code, stdout, stderr } = await startFile(path.join(directory, file), given, {
        cwd: directory,
        config: path.join(directory, "deno.json"),
        env: { NODE_EXTRA_CA_CERTS: trusted, DENO_CERT: trusted }
      }).ended
      assert.deepStrictEqual([code, stderr], [0, ""], stdout)
      for (const form of prints) assert.match(stdout, form)
    } finally {
      await Promise.all(running.map(({ stop }) => stop()))
    }
  })
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
    it.skipIf(example.runtimes?.includes(here) === false)(`examples/${example.file}`, () => run(example))
  }
})
