/** Redis on loopback, in memory alone. */
import { lacks } from "../able.ts"
import { freePorts } from "../freePorts.ts"
import { fileOf } from "../peers/tools.ts"
import type { Service } from "./service.ts"
import { begin, ownDirectory } from "./service.ts"

const file = fileOf("redis-server")

export const noRedis = lacks(
  "redis",
  file === undefined ? "redis-server is not installed (Debian package redis-server)" : ""
)

export async function redis(): Promise<Service> {
  const [port = 0] = await freePorts(1)
  const directory = ownDirectory()
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory]
  const { stop } = await begin(file as string, args, directory, /Ready to accept connections/)
  return { port, stop }
}
