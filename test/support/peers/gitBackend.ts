/** Serves repositories over HTTP by git's own CGI program. */
import { spawn, spawnSync } from "node:child_process"
import type * as http from "node:http"
import * as path from "node:path"
import process from "node:process"

const END_OF_HEADERS = "\r\n\r\n"

export function gitBackend(folder: string, request: http.IncomingMessage, response: http.ServerResponse): void {
  const [target = "", query = ""] = (request.url ?? "").split("?", 2)
  const { headers } = request
  const program = path.join(spawnSync("git", ["--exec-path"], { encoding: "utf8" }).stdout.trim(), "git-http-backend")
  const child = spawn(program, [], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: path.join(folder, "git"),
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: target.slice("/git".length),
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: headers["content-encoding"] as string | undefined ?? "",
      GIT_PROTOCOL: headers["git-protocol"] as string | undefined ?? "",
      REMOTE_USER: "tester",
      REMOTE_ADDR: "127.0.0.1"
    },
    stdio: ["pipe", "pipe", "inherit"]
  })
  child.stdin.on("error", () => {})
  request.pipe(child.stdin)
  let head = Buffer.alloc(0)
  const begin = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk])
    const at = head.indexOf(END_OF_HEADERS)
    if (at < 0) return
    child.stdout.off("data", begin)
    const fields = head.subarray(0, at).toString("latin1").split("\r\n").map((line) => line.split(/:\s*/, 2))
    const status = fields.find(([name]) => name?.toLowerCase() === "status")?.[1]
    response.statusCode = status === undefined ? 200 : Number.parseInt(status, 10)
    for (const [name = "", value = ""] of fields) if (name.toLowerCase() !== "status") response.setHeader(name, value)
    response.write(head.subarray(at + END_OF_HEADERS.length))
    child.stdout.pipe(response)
  }
  child.stdout.on("data", begin)
}
