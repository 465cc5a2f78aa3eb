/** How scripts look: colours where somebody sees them, and QR codes that a phone reads. */
const coloured = process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "";

const paint = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = paint("1");
export const dim = paint("2");
export const green = paint("32");
export const red = paint("31");

/** Four light modules on every side, or scanners do not find the code. */
const QUIET_ZONE = 4;

/**
 * Two rows of modules per line of text. In colour it is black on white whatever the terminal's
 * theme is; without colour the ink is dark as on paper.
 * @param modules dark modules as `[row][column]`, without quiet zone
 */
export function drawQr(modules) {
  const size = modules.length + 2 * QUIET_ZONE;
  const dark = (row, column) => modules[row - QUIET_ZONE]?.[column - QUIET_ZONE] === true;
  const lines = [];
  for (let row = 0; row < size; row += 2) {
    let line = "";
    for (let column = 0; column < size; column += 1) {
      const upper = dark(row, column);
      const lower = dark(row + 1, column);
      if (upper && lower) line += "█";
      else if (upper) line += "▀";
      else line += lower ? "▄" : " ";
    }
    lines.push(paint("38;5;16;48;5;231")(line));
  }
  return lines.join("\n");
}
