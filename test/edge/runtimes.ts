/** Replays one record on each runtime by the same bundle of `fairlead/edge`. Each gives the verdict as JSON. */
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as http from "node:http"
import type * as net from "node:net"
import * as path from "node:path"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import puppeteer from "puppeteer-core"
import { ROOT } from "../support/command.ts"
import { neutralBundle } from "../support/neutralBundle.ts"
import { worker } from "../support/workerd.ts"

const run = promisify(execFile)
const MOST_BYTES = 1 << 30

/** For Node and Deno. */
const RUNNER = `
import { createReadStream } from "node:fs"
import process from "node:process"
import { Readable } from "node:stream"
import { replayRecord } from "./edge.mjs"

const body = Readable.toWeb(createReadStream(process.argv[2]))
console.log(JSON.stringify(await replayRecord([{ segment: 1, body }], { maxBytes: ${MOST_BYTES} })))
`

const WORKER = `
import { replayRecord } from "fairlead/edge"
export default {
  async fetch({ body }) {
    return Response.json(await replayRecord([{ segment: 1, body, compressed: true }], { maxBytes: ${MOST_BYTES} }))
  }
}
`

export interface Prepared {
  /** The verdict by a binary of Node or Deno. `args` come before the script. */
  readonly byProgram: (binary: string, args?: ReadonlyArray<string>) => Promise<string>
  readonly byWorkerd: () => Promise<string>
  readonly byChromium: (executablePath: string) => Promise<string>
}

/** Writes the bundle and the record into a directory. */
export async function prepare(text: string, directory: string): Promise<Prepared> {
  const [edge, served] = await Promise.all(
    ['export { replayRecord } from "fairlead/edge"', WORKER].map((text) => neutralBundle({ text }))
  ) as [string, string]
  const compressed = gzipSync(text, { level: 1 })
  const file = (name: string) => path.join(directory, name)
  fs.writeFileSync(file("edge.mjs"), edge)
  fs.writeFileSync(file("runner.mjs"), RUNNER)
  fs.writeFileSync(file("00000001.ndjson"), text)
  return {
    byProgram: async (binary, args = []) => {
      const { stdout } = await run(binary, [...args, file("runner.mjs"), file("00000001.ndjson")], { maxBuffer: MOST_BYTES })
      return stdout.trim()
    },
    byWorkerd: async () => {
      await using one = await worker(served)
      return (await fetch(one.url, { method: "POST", body: compressed })).text()
    },
    byChromium: (executablePath) => inChromium(executablePath, edge, compressed)
  }
}

/** The block of docs/embedding.md that replays a record, as a module. */
function handbookBlock(): string {
  const page = fs.readFileSync(path.join(ROOT, "docs/embedding.md"), "utf8")
  const [, code] = /^```js\n(import \{ replayRecord \}[^]*?)^```$/m.exec(page) ?? []
  if (code === undefined) throw new Error("docs/embedding.md has no block that replays a record")
  return `${code.replace('"fairlead/edge"', '"/edge.mjs"')}export { verdict }`
}

async function inChromium(executablePath: string, edge: string, record: Uint8Array): Promise<string> {
  const files: Readonly<Record<string, readonly [type: string, body: string | Uint8Array]>> = {
    "/edge.mjs": ["text/javascript", edge],
    "/block.mjs": ["text/javascript", handbookBlock()],
    "/record/00000001.ndjson.gz": ["application/octet-stream", record]
  }
  const server = http.createServer(({ url = "" }, response) => {
    const [type, body] = files[url] ?? ["text/html", "<!doctype html><title>replay</title>"]
    response.setHeader("content-type", type).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const origin = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
  const browser = await puppeteer.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
  })
  try {
    const page = await browser.newPage()
    await page.goto(origin)
    // A text, because a bundler or checker would read an import of the page as one of its own.
    const verdict = await page.evaluate('import("/block.mjs").then(({ verdict }) => JSON.stringify(verdict))')
    return String(verdict)
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
}
