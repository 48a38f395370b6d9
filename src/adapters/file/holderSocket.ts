/** A socket in a directory that carries no data. It shows one thing: whether a process listens at it. */
import { Buffer } from "node:buffer"
import * as fsp from "node:fs/promises"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"

/** The kernel takes 107 bytes; other systems take a few less. */
const MOST_BYTES = 100

/** Whether a process listens, also where this process may not connect. */
export const isListening = (socket: string): Promise<boolean> =>
  byShortName(socket, (name) =>
    new Promise((resolve) => {
      const caller = net.connect(name)
      const say = (is: boolean) => {
        caller.destroy()
        resolve(is)
      }
      caller.once("connect", () => say(true))
      caller.once("error", (cause: NodeJS.ErrnoException) => say(cause.code === "EACCES" || cause.code === "EAGAIN"))
    }))

/** Listens in place of a dead process. Gives the function that ends it; undefined: no socket can be had. */
export const listen = (socket: string): Promise<(() => Promise<void>) | undefined> =>
  byShortName(socket, async (name) => {
    await fsp.rm(socket, { force: true })
    const server = net.createServer((caller) => void caller.destroy())
    const stands = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false))
      server.listen(name, () => resolve(true))
    })
    if (!stands) return undefined
    server.unref()
    return () => closed(server, socket)
  })

/** The runtimes remove a socket's name when they close it, except for a socket that was made through a link. */
async function closed(server: net.Server, socket: string): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
  await fsp.rm(socket, { force: true })
}

/** Gives `use` a name that is short enough for a socket: through a link to its directory where the path is too long. */
async function byShortName<A>(socket: string, use: (name: string) => Promise<A>): Promise<A> {
  if (Buffer.byteLength(socket) <= MOST_BYTES) return use(socket)
  const folder = await fsp.mkdtemp(path.join(os.tmpdir(), "fairlead-"))
  const link = path.join(folder, "d")
  try {
    await fsp.symlink(path.resolve(path.dirname(socket)), link)
    return await use(path.join(link, path.basename(socket)))
  } finally {
    await fsp.rm(link, { force: true })
    await fsp.rmdir(folder)
  }
}
