// Light or dark: as the system has it, until somebody says otherwise.

const system = matchMedia("(prefers-color-scheme: dark)");

export function startTheme(changed) {
  const apply = () => {
    const said = remembered();
    document.documentElement.dataset.theme = said ?? (system.matches ? "dark" : "light");
    changed();
  };
  document.documentElement.dataset.theme = remembered() ?? (system.matches ? "dark" : "light");
  system.addEventListener("change", apply);
  document.getElementById("theme").addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("mesh-theme", next);
    } catch {
      // Nothing is kept here; it holds until the page is closed.
    }
    document.documentElement.dataset.theme = next;
    changed();
  });
}

function remembered() {
  try {
    return localStorage.getItem("mesh-theme");
  } catch {
    return null;
  }
}
