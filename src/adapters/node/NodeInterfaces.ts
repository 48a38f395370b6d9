/** The addresses of this machine that lead off it: neither loopback nor link-local ones. */
import * as Layer from "effect/Layer"
import * as fs from "node:fs"
import * as os from "node:os"
import process from "node:process"
import { Interfaces } from "../../shell/Interfaces.ts"
import type { Attached } from "../../shell/Interfaces.ts"

type Listed = ReturnType<typeof os.networkInterfaces>

export function attached(listed: Listed, isDown: (name: string) => boolean = () => false): Attached {
  const leads = Object.entries(listed).flatMap(([name, addresses = []]) =>
    isDown(name) ? [] : addresses.filter(({ internal, address }) => !internal && !/^(169\.254\.|fe[89ab])/i.test(address))
      .map(({ family, address }) => ({ family: family === "IPv6" ? "ipv6" as const : "ipv4" as const, name, address }))
  )
  return {
    families: (["ipv4", "ipv6"] as const).filter((family) => leads.some((one) => one.family === family)),
    print: leads.map(({ name, address }) => `${name} ${address}`).sort().join(", ")
  }
}

/** Deno also lists the addresses of interfaces that are down. On Linux the system's files tell them apart. */
function isDownOnDeno(name: string): boolean {
  if (!("Deno" in globalThis) || process.platform !== "linux") return false
  try {
    return /down|notpresent/.test(fs.readFileSync(`/sys/class/net/${name}/operstate`, "utf8"))
  } catch {
    return false
  }
}

/** Deno asks for permission (--allow-sys). Without it the addresses are unknown. */
function attachedUnsafe(): Attached | undefined {
  try {
    return attached(os.networkInterfaces(), isDownOnDeno)
  } catch {
    return undefined
  }
}

export const layer: Layer.Layer<Interfaces> = Layer.succeed(Interfaces, Interfaces.of({ attachedUnsafe }))
