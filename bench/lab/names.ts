/**
 * The system's resolver of a lab's near side: dnsmasq on its loopback, which resolv.conf names there (`ip netns exec` puts
 * /etc/netns/NAME over /etc). Answers come in the order in which they are given here, so the first one is known.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import type { Lab } from "./Lab.ts"

/** Why there is no dnsmasq; undefined when there is one. */
export function whyNoResolver(): string | undefined {
  return absent("dnsmasq", "--version", "dnsmasq-base")
}

/** The same for names with certificates. */
export function whyNoNames(): string | undefined {
  return whyNoResolver() ?? absent("openssl", "version", "openssl")
}

function absent(tool: string, ask: string, its: string): string | undefined {
  return spawnSync(tool, [ask]).status === 0 ? undefined : `the lab needs ${tool} (Debian package ${its})`
}

export type Hosts = Readonly<Record<string, ReadonlyArray<string>>>

export interface Names {
  /** Replaces all names. */
  readonly knows: (hosts: Hosts) => void
  /** It takes every query and answers none. */
  readonly freeze: () => void
  readonly thaw: () => void
  readonly close: () => void
}

/** Answers from now on; the end removes its files, and the process ends with the lab. */
export async function openNames(lab: Lab, hosts: Hosts): Promise<() => void> {
  return (await openResolver(lab, hosts)).close
}

/** The same, with names that change. */
export async function openResolver(lab: Lab, hosts: Hosts): Promise<Names> {
  const etc = path.join("/etc/netns", `${lab.name}-near`)
  fs.mkdirSync(etc, { recursive: true })
  fs.writeFileSync(path.join(etc, "resolv.conf"), "nameserver 127.0.0.1\n")
  const file = path.join(lab.scratch, "hosts")
  fs.writeFileSync(file, textOf(hosts))
  const child = lab.near([
    ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts", "--no-poll"],
    ...["--listen-address=127.0.0.1", "--bind-interfaces", "--no-round-robin", `--addn-hosts=${file}`, "--local=/test/"],
    `--user=${os.userInfo().username}`
  ])
  child.stdout?.resume()
  child.stderr?.resume()
  await new Promise((resolve) => setTimeout(resolve, 300))
  if (child.exitCode !== null) throw new Error("dnsmasq ended early")
  const signal = (name: NodeJS.Signals) => void process.kill(child.pid as number, name)
  return {
    knows: (next) => {
      fs.writeFileSync(file, textOf(next))
      signal("SIGHUP")
    },
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    close: () => fs.rmSync(etc, { recursive: true, force: true })
  }
}

function textOf(hosts: Hosts): string {
  return Object.entries(hosts).flatMap(([name, addresses]) => addresses.map((address) => `${address} ${name}\n`)).join("")
}
