/** Something that must not be: where (file and line, or path of resources) and what. */
export type Finding = { where: string; what: string };
