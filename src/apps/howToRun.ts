/** How this user types commands of Fairlead. */
import process from "node:process"
import { launchedBy } from "../adapters/node/launcher.ts"

/** npx says so to what it runs. There the command is in no folder of PATH. */
const byNpx = process.env["npm_command"] === "exec"
const PREFIXES = {
  npm: "npm start --silent --",
  deno: "deno task --quiet start",
  none: byNpx ? "npx fairlead" : "fairlead"
} as const

/** `npm start --silent -- env`: the command line of a command, in the way in which this process was started. */
export const howToRun = (command: string): string => `${PREFIXES[launchedBy]} ${command}`
