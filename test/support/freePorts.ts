/** Ports for servers that cannot be told to take any port, or for addresses where nothing listens. */
import * as net from "node:net"

/**
 * No system gives these ports to connections and to listeners on port 0 by itself, so what runs beside a test does not take one between
 * the choice and its use.
 */
const FIRST = 20_000
const COUNT = 12_000

/** Different ports that are free at this moment. */
export async function freePorts(count: number): Promise<ReadonlyArray<number>> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once("error", () => resolve(false))
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
  })
}
