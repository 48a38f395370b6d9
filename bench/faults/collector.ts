/** A collector of traces that can hang: then it takes requests and answers none. */
import * as http from "node:http"

export class Collector {
  isHanging = false
  /** Requests that it has answered. */
  taken = 0
  readonly #hanging = new Set<http.ServerResponse>()
  readonly #server = http.createServer((request, response) => {
    request.resume()
    request.once("end", () => {
      if (this.isHanging) return void this.#hanging.add(response)
      this.taken++
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
    response.once("close", () => this.#hanging.delete(response))
  })

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject)
      this.#server.listen(port, "127.0.0.1", resolve)
    })
  }
}
