// @ts-check
// Text as it is compared in searches: the same rules as on the server (accounts_ui/text/folding.py).
import { DROPPED, LETTERS } from "./fold_table.js";

const SEPARATORS = /[\s\u001c-\u001f\u0085,;<>"“”„«»\u060c\u061b\u3001]+/u;
const ranges = DROPPED.map((range) => range.split("-").map((point) => `\\u{${point}}`).join("-"));
const dropped = new RegExp(`[${ranges.join("")}]`, "gu");
const letters = new Map(LETTERS.map((pair) => [...pair]).map(([letter, ...folded]) => [letter, folded.join("")]));

/** @param {string} character */
function foldCharacter(character) {
  const plain = character.normalize("NFKD").toLowerCase().normalize("NFKD").replace(dropped, "");
  // An accent of its own, such as "´", is a space with an accent.
  if (plain === " " && character.trim()) return "";
  return [...plain].map((letter) => letters.get(letter) ?? letter).join("");
}

/**
 * Return the text without what makes no difference: case, accents, apostrophes, hyphens, invisible characters.
 * @param {string} text
 */
export const fold = (text) => [...text].map(foldCharacter).join("");

/**
 * Return the folded words of a search.
 * @param {string} text
 */
export const searchWords = (text) => fold(text).split(SEPARATORS).filter(Boolean);
