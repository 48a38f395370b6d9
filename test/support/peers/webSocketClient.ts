/** Sends a message through the runtime's own WebSocket and prints the answer. `node webSocketClient.ts URL` */
import process from "node:process"

const [url = ""] = process.argv.slice(2)
const socket = new WebSocket(url)
const fail = (why: string) => {
  process.stderr.write(`${why}\n`)
  process.exit(1)
}
socket.addEventListener("open", () => socket.send("hello"))
socket.addEventListener("error", (event) => fail(`error ${String((event as ErrorEvent).message)}`))
socket.addEventListener("message", ({ data }) => {
  process.stdout.write(`${String(data)}\n`)
  socket.close()
})
socket.addEventListener("close", () => process.exit(0))
