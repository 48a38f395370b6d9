/** TypeScript's language server, as an editor uses it. */
import { Buffer } from "node:buffer"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { pathToFileURL } from "node:url"
import { binaryOf, ROOT } from "./command.ts"

interface Message {
  readonly id?: number | string
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
}

interface Hover {
  readonly contents: { readonly value: string }
}

/** What the server shows at the first place of each word in a file, in the order of the words. */
export async function hovers(file: string, words: ReadonlyArray<string>): Promise<ReadonlyArray<string>> {
  const compiler = path.join(fs.realpathSync(path.join(ROOT, "node_modules/typescript")), "bin/tsc")
  const server = spawn(binaryOf("node"), [compiler, "--lsp", "--stdio"], { stdio: ["pipe", "pipe", "ignore"] })
  const ended = new Promise<void>((resolve) => server.once("close", () => resolve()))
  const waiting = new Map<number | string, (result: unknown) => void>()
  const send = (message: Message) => {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message })
    server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
  const ask = (id: number, method: string, params: unknown = null) =>
    new Promise<unknown>((resolve) => {
      waiting.set(id, resolve)
      send({ id, method, params })
    })
  let rest: Buffer = Buffer.alloc(0)
  server.stdout.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (let next = messageIn(rest); next !== undefined; next = messageIn(rest)) {
      const { message, bytes } = next
      rest = rest.subarray(bytes)
      if (message.id === undefined) continue
      if (message.method === undefined) waiting.get(message.id)?.(message.result)
      else send({ id: message.id, result: message.method === "workspace/configuration" ? [null] : null })
    }
  })
  const uri = pathToFileURL(file).href
  const text = fs.readFileSync(file, "utf8")
  const capabilities = { textDocument: { hover: { contentFormat: ["markdown"] } } }
  await ask(0, "initialize", { processId: null, rootUri: pathToFileURL(path.dirname(file)).href, capabilities })
  send({ method: "initialized", params: {} })
  send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "typescript", version: 1, text } } })
  const shown: Array<string> = []
  for (const [i, word] of words.entries()) {
    const position = positionOf(text, word)
    const hover = await ask(i + 1, "textDocument/hover", { textDocument: { uri }, position }) as Hover | null
    shown.push(hover?.contents.value ?? "")
  }
  await ask(words.length + 1, "shutdown")
  send({ method: "exit" })
  server.stdin.end()
  await ended
  return shown
}

/** The first message of these bytes; undefined: it is not complete yet. */
function messageIn(bytes: Buffer): { readonly message: Message; readonly bytes: number } | undefined {
  const head = bytes.indexOf("\r\n\r\n")
  if (head < 0) return undefined
  const length = Number(/Content-Length: (\d+)/i.exec(bytes.subarray(0, head).toString())?.[1])
  const end = head + 4 + length
  if (bytes.length < end) return undefined
  return { message: JSON.parse(bytes.subarray(head + 4, end).toString()), bytes: end }
}

function positionOf(text: string, word: string) {
  const before = text.slice(0, text.indexOf(word)).split("\n")
  return { line: before.length - 1, character: before[before.length - 1]?.length ?? 0 }
}
