/**
 * What a machine may lack or forbid. A test that needs it is skipped with a reason. When the environment variable REQUIRE names it
 * (`REQUIRE=disks,npm`, or `all`), the test fails instead, so that a machine that has it cannot pass by skipping.
 */
import process from "node:process"

export type Means =
  | "chromium"
  | "collector"
  | "curl"
  | "descriptors"
  | "disks"
  | "dnsmasq"
  | "fish"
  | "fuse"
  | "git"
  | "haproxy"
  | "namespaces"
  | "nc"
  | "nginx"
  | "nodes"
  | "npm"
  | "openssl"
  | "pip"
  | "postgres"
  | "port443"
  | "prometheus"
  | "promtool"
  | "pwsh"
  | "redis"
  | "smtp"
  | "sshd"
  | "systemd"
  | "wget"
  | "workerd"

const wanted = () => (process.env["REQUIRE"] ?? "").split(",")

export const isRequired = (means: Means): boolean => wanted().some((one) => one === "all" || one === means)

/** Ends the test: as skipped, or as failed when REQUIRE names what is missing. */
export function unable(context: { readonly skip: (note?: string) => never }, means: Means, why: string): never {
  if (isRequired(means)) throw new Error(`${why}, and REQUIRE names ${means}`)
  return context.skip(why)
}

/** The same for what a whole file needs: true means that its tests must be skipped. */
export function lacks(means: Means, why: string): boolean {
  if (why === "") return false
  if (isRequired(means)) throw new Error(`${why}, and REQUIRE names ${means}`)
  console.log(`skipped: ${why}`)
  return true
}
