/** A collector that takes traces and keeps nothing. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { answer, usage } from "../support/child.ts"

const server = http.createServer((request, response) => {
  request.resume().on("end", () => response.end("{}"))
})
const port = new Promise<number>((resolve) =>
  void server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
)

answer((question) => (question === "port" ? port : usage()))
