/** The directory in which this user's programs keep state. */
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"

/** `XDG_STATE_HOME`, or else the platform's directory for state. */
export function stateDirectory(): string {
  const xdg = process.env["XDG_STATE_HOME"]
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, "fairlead")
  switch (process.platform) {
    case "win32":
      return path.join(process.env["LOCALAPPDATA"] ?? path.join(os.homedir(), "AppData", "Local"), "fairlead")
    case "darwin":
      return path.join(os.homedir(), "Library", "Application Support", "fairlead")
    default:
      return path.join(os.homedir(), ".local", "state", "fairlead")
  }
}
