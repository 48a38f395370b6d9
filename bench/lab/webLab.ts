/** A lab with HTTPS servers on port 443, and names that the system's resolver answers in a known order. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { makeCertificates } from "./certificates.ts"
import { Lab } from "./Lab.ts"
import { openNames } from "./names.ts"
import { nameOf, TLS_PORT } from "./poolLab.ts"

export interface Web {
  readonly lab: Lab
  /** The file with the lab's authority. */
  readonly caFile: string
}

/** `names`: without their domain, the addresses in the order of the answer. */
export async function inWebLab<A>(
  distances: Readonly<Record<string, number>>,
  names: Readonly<Record<string, ReadonlyArray<string>>>,
  use: (web: Web) => Promise<A>
): Promise<A> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-web-"))
  makeCertificates(directory)
  const lab = await Lab.open(distances, ["webUpstream.ts", String(TLS_PORT), directory])
  try {
    const closeNames = await openNames(
      lab,
      Object.fromEntries(Object.entries(names).map(([name, hosts]) => [nameOf(name), hosts]))
    )
    try {
      return await use({ lab, caFile: path.join(directory, "ca.pem") })
    } finally {
      closeNames()
    }
  } finally {
    await lab.close()
    fs.rmSync(directory, { recursive: true, force: true })
  }
}
