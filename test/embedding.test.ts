/** Every TypeScript block of docs/embedding.md is run, and so is each short example. They share what they load. */
import { assert, describe, it } from "@effect/vitest"
import { execFile, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { promisify } from "node:util"
import { unable } from "./support/able.ts"
import { good } from "./support/certificates.ts"
import { inScratch, ROOT } from "./support/command.ts"
import { serve } from "./support/servers.ts"
import { authorityFile, OTHER_PIN, pinOf, stagedServer } from "./support/stagedServers.ts"
import { runSnippet } from "./support/snippet.ts"
import type { Scene, Scenes } from "./embedding/Scene.ts"
import { clients, pages } from "./embedding/clients.ts"
import { programs } from "./embedding/programs.ts"
import { secured } from "./embedding/secured.ts"
import { sockets } from "./embedding/sockets.ts"

/** Each part of the page has a file of its own in test/embedding. */
const scenes: Scenes = { ...programs, ...clients, ...secured, ...sockets }

const page = fs.readFileSync(path.join(ROOT, "docs/embedding.md"), "utf8")

interface Block {
  readonly heading: string
  /** From 1, below its heading. */
  readonly number: number
  readonly code: string
}

function blocksOf(text: string): ReadonlyArray<Block> {
  let heading = ""
  let number = 0
  return [...text.matchAll(/^#+ (.*)$|^```ts\n([\s\S]*?)^```$/gm)].flatMap(([, title, code]) => {
    if (code !== undefined) return [{ heading, number: ++number, code }]
    heading = title ?? ""
    number = 0
    return []
  })
}

const blocks = blocksOf(page)

async function play(code: string, { prepare, printed }: Scene): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const setting = await prepare({
    use: async (server) => {
      const started = await server
      stack.defer(started.stop)
      return started
    }
  })
  printed(await runSnippet(code, setting))
}

describe("docs/embedding.md", () => {
  for (const { heading, number, code } of blocks) {
    const scene = scenes[heading]?.[number - 1]
    it.skipIf(scene?.isMissing === true)(`runs block ${number} of "${heading}" as printed`, async () => {
      if (scene === undefined) throw new Error(`no scene for block ${number} below "${heading}": add one in test/embedding`)
      await play(code, scene)
    })
  }

  it("has a block for each scene", () => {
    const wanted = Object.entries(scenes).flatMap(([heading, all]) => all.map((_, i) => `${heading} ${i + 1}`))
    assert.sameMembers(wanted, blocks.map(({ heading, number }) => `${heading} ${number}`))
    assert.isAtLeast(blocks.length, 5)
  })

  it("has a command that prints the pin of a server", async (context) => {
    if (spawnSync("openssl", ["version"]).status !== 0) return unable(context, "openssl", "openssl is not installed")
    const command = page.split("```sh\n").find((text) => text.startsWith("openssl s_client "))?.split("```")[0] ?? ""
    const server = await stagedServer(() => good, "")
    const local = command.replace("-connect api.example:443", `-connect 127.0.0.1:${server.port}`)
    assert.notStrictEqual(local, command)
    const { stdout } = await promisify(execFile)("sh", ["-c", local])
    assert.strictEqual(`sha256/${stdout.trim()}`, pinOf(good))
    await server.stop()
  })

  it("has no other blocks than these, and those that tests of workers, of replays and of the package run", () => {
    const others = [...page.matchAll(/^```(?!ts\b)(\w+)\n(.*)/gm)].map(([, language, first]) => `${language}: ${first}`)
    assert.deepStrictEqual(others, [
      // Of the packed tarball: test/package/consumers.test.ts.
      "sh: npm install fairlead      # Node from 22.19; on Deno: deno add npm:fairlead",
      "sh: openssl s_client -connect api.example:443 -servername api.example </dev/null | openssl x509 -pubkey -noout |",
      // test/edge/worker.test.ts
      "js: /** A worker that ranks addresses. Its bindings: `CANDIDATES=192.0.2.10:443,192.0.2.11:443`, and `TOKEN`, which a request has to show. */",
      // test/edge/digests.test.ts
      'js: import { replayRecord } from "fairlead/edge"'
    ])
  })

  it("links only to pages that exist", () => {
    const links = [...page.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link]) => link as string)
    assert.deepStrictEqual(
      links.filter((link) => !/^https?:/.test(link) && !fs.existsSync(path.join(ROOT, "docs", link))),
      []
    )
  })
})

describe("an example of at most fifteen lines", () => {
  const cases: ReadonlyArray<readonly [name: string, printed: RegExp]> = [
    ["promises.ts", /^echo#[12] answered hello, connected in [\d.]+ ms$/],
    ["layer.ts", /^echo#[12] answered hello$/]
  ]
  it.each(cases)("%s sends a line to one of two addresses", async (name, printed) => {
    const code = fs.readFileSync(path.join(ROOT, "examples", name), "utf8")
    assert.isAtMost(code.trimEnd().split("\n").length, 15)
    const echo = () => serve((socket) => void socket.pipe(socket))
    const servers = [await echo(), await echo()]
    const args = servers.map(({ port }) => `127.0.0.1:${port}`)
    assert.match(await runSnippet(code, { args }), printed)
    for (const { stop } of servers) await stop()
  })

  it("staged-tls.ts asks a server with a pinned key for a page", () =>
    inScratch(async (directory) => {
      const code = fs.readFileSync(path.join(ROOT, "examples/staged-tls.ts"), "utf8")
      assert.isAtMost(code.trimEnd().split("\n").length, 15)
      const server = await stagedServer(() => good, "HTTP/1.1 200 OK\r\n\r\n")
      process.env["CA_FILE"] = authorityFile(directory)
      try {
        const args = ["web.example", pinOf(good), `127.0.0.1:${server.port}`]
        assert.strictEqual(await runSnippet(code, { args }), "stage real answered HTTP/1.1 200 OK")
        const error = await runSnippet(code, { args: ["web.example", OTHER_PIN, ...args.slice(2)] }).then(String, String)
        assert.match(error, /^FairleadTlsError: cannot connect to web over TLS: tried real web#1 pin after \d+ ms/)
      } finally {
        delete process.env["CA_FILE"]
        await server.stop()
      }
    }))
})

describe("an example of at most fifteen lines for HTTP", () => {
  it.each(["undici.ts", "https-get.ts", "http-client.ts"])("%s gets a page from one of two addresses", async (name) => {
    const code = fs.readFileSync(path.join(ROOT, "examples", name), "utf8")
    assert.isAtMost(code.trimEnd().split("\n").length, 15)
    await play(code, pages[name] as Scene)
  })
})
