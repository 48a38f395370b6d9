/** An SMTP server on loopback (aiosmtpd), which prints the mails that it gets. */
import { spawnSync } from "node:child_process"
import { lacks } from "../able.ts"
import { freePorts } from "../freePorts.ts"
import type { Service } from "./service.ts"
import { begin, ownDirectory } from "./service.ts"

/** Debian's own Python, as its packages are for it alone. */
const PYTHON = "/usr/bin/python3"

export const noSmtp = lacks(
  "smtp",
  spawnSync(PYTHON, ["-c", "import aiosmtpd"]).status === 0
    ? ""
    : "aiosmtpd is not installed (Debian package python3-aiosmtpd)"
)

const PROGRAM = `
import asyncio, sys
from aiosmtpd.handlers import Debugging
from aiosmtpd.smtp import SMTP

async def main():
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Debugging(sys.stdout), hostname="mail.example"), "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()

asyncio.run(main())
`

export interface Mailbox extends Service {
  /** What came so far. */
  readonly mails: () => string
}

export async function smtp(): Promise<Mailbox> {
  const [port = 0] = await freePorts(1)
  const { child, stop } = await begin(PYTHON, ["-u", "-c", PROGRAM, `${port}`], ownDirectory(), /^ready$/m)
  let mails = ""
  child.stdout?.on("data", (chunk) => (mails += chunk))
  return { port, stop, mails: () => mails }
}
