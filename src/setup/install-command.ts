/** The command that installs a system package here, by the distribution's own package manager. */

import fs from "node:fs";

export type SystemPackage = "python" | "pip" | "compiler";

const packages: Readonly<Record<string, { command: string; names: Readonly<Record<SystemPackage, string>> }>> = {
  debian: {
    command: "apt-get install -y",
    names: { python: "python3 python3-pip", pip: "python3-pip", compiler: "g++" },
  },
  fedora: {
    command: "dnf install -y",
    names: { python: "python3 python3-pip", pip: "python3-pip", compiler: "gcc-c++" },
  },
  suse: {
    command: "zypper install -y",
    names: { python: "python312 python312-pip", pip: "python3-pip", compiler: "gcc-c++" },
  },
  arch: {
    command: "pacman -S --noconfirm",
    names: { python: "python python-pip", pip: "python-pip", compiler: "gcc" },
  },
};

/** `sudo apt-get install -y g++`, say; `sudo` only where it is needed. */
export function installCommand(
  what: SystemPackage,
  osRelease: string = readOsRelease(),
  isRoot: boolean = process.getuid?.() === 0,
): string {
  const names = {
    python: "Python 3.10 or newer with pip",
    pip: "pip for Python 3",
    compiler: "a C++17 compiler (g++ or clang++)",
  };
  const family = familyOf(osRelease);
  if (family === undefined) return `Install ${names[what]} with your system's package manager.`;
  const { command, names: own } = packages[family];
  return `Install it: ${isRoot ? "" : "sudo "}${command} ${own[what]}`;
}

function familyOf(osRelease: string): string | undefined {
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => match[1].split(" "));
  const families: Record<string, string> = { ubuntu: "debian", rhel: "fedora", centos: "fedora", opensuse: "suse" };
  return ids.map((id) => families[id] ?? id).find((id) => packages[id] !== undefined);
}

function readOsRelease(): string {
  try {
    return fs.readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}
