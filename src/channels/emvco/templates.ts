/** Opens the templates of a payload: which values are lists of objects themselves. */
import { isAccountTemplate, isAdditionalTemplate } from "./dictionary.ts";
import { emvError, type EmvFinding, finding } from "./issues.ts";
import { type EmvObject, joinPath, type LengthUnit, readObjects, type TlvPlace } from "./tlv.ts";

/** What the schemes know about templates; they are looked up by the identifier in sub-object 00. */
export interface TemplateKnowledge {
  /** Whether a broken template of this kind makes the whole code worthless. */
  readonly insistsOn: (guid: string) => boolean;
  /** Sub-objects that are templates again. */
  readonly nestedIn: (guid: string) => readonly string[];
}

interface Opened {
  readonly object: EmvObject;
  readonly findings: readonly EmvFinding[];
}

const isTemplate = (id: string): boolean =>
  isAccountTemplate(id) || id === "62" || id === "64" || (id >= "80" && id <= "99");

/** Unreserved templates are often plain values: a hash (Malaysia), a message (TrueMoney). */
const mayBePlain = (id: string): boolean => id >= "80";

/** Only a whole list counts; a value that merely begins like one stays a value. */
function openInner(parent: EmvObject, path: string, unit: LengthUnit): EmvObject {
  const place: TlvPlace = { at: parent.at + 4, path: joinPath(path, parent.id), unit };
  const { objects, failure } = readObjects(parent.value, place);
  return failure === null ? { ...parent, children: objects } : parent;
}

function openOne(object: EmvObject, unit: LengthUnit, knowledge: TemplateKnowledge): Opened {
  const { id, at, value } = object;
  if (!isTemplate(id) || value === "") return { object, findings: [] };
  const { objects, failure, findings } = readObjects(value, { at: at + 4, path: id, unit });
  const guid = objects.find((inner) => inner.id === "00")?.value ?? "";
  if (failure !== null) {
    if (mayBePlain(id)) return { object, findings: [] };
    const weight = isAccountTemplate(id) && knowledge.insistsOn(guid) ? "fatal" : "tolerable";
    const broken = emvError("EMV_TEMPLATE", id, "not a list of objects inside", failure.at);
    return { object, findings: [finding(weight, broken)] };
  }
  // Depth ends here: the root, a template, and these few within templates.
  const nested = isAccountTemplate(id) ? knowledge.nestedIn(guid) : [];
  const children = objects.map((inner) =>
    nested.includes(inner.id) || (id === "62" && isAdditionalTemplate(inner.id))
      ? openInner(inner, id, unit)
      : inner,
  );
  return { object: { ...object, children }, findings };
}

/** The objects of the root with their templates opened, and what was wrong inside. */
export function openTemplates(
  objects: readonly EmvObject[],
  unit: LengthUnit,
  knowledge: TemplateKnowledge,
): { readonly objects: readonly EmvObject[]; readonly findings: readonly EmvFinding[] } {
  const opened = objects.map((object) => openOne(object, unit, knowledge));
  return {
    objects: opened.map(({ object }) => object),
    findings: opened.flatMap(({ findings }) => findings),
  };
}
