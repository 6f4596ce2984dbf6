// @ts-check
// Made by .ci/makefolding from accounts_ui/text/folding.py.

// Characters that make no difference: code points and ranges of them.
export const DROPPED = [
  "27 2d 60 ad 2b9 2bb-2bf 2c8 2ca-2cb 2d7 300-33f 342 345-36f 483-487 55a 58a 591-5bf 5c1-5c2 5c4-5c5 5c7 5f3",
  "600-605 610-61a 61c 640 64b-65f 670 6d6-6dd 6df-6e4 6e7-6e8 6ea-6ed 70f 711 730-74a 7eb-7f5 7fd 816-819",
  "81b-823 825-827 829-82d 859-85b 890-891 898-89f 8ca-8ff 93c 94d 951-954 9bc 9cd 9fe a3c a4d abc acd b3c b4d",
  "bcd c3c c4d c55-c56 cbc ccd d3b-d3c d4d dca e38-e3a e48-e4b eb8-eba ec8-ecb f18-f19 f35 f37 f39 f71-f72 f74",
  "f7a-f7d f80 f82-f84 f86-f87 fc6 1037 1039-103a 108d 115f-1160 135d-135f 1400 1714-1715 1734 17b4-17b5 17d2",
  "17dd 1806 180b-180f 18a9 1939-193b 1a17-1a18 1a60 1a75-1a7c 1a7f 1ab0-1abd 1abf-1ace 1b34 1b44 1b6b-1b73",
  "1baa-1bab 1be6 1bf2-1bf3 1c37 1cd0-1cd2 1cd4-1ce0 1ce2-1ce8 1ced 1cf4 1cf8-1cf9 1dc0-1dff 200b-2010 2012-2015",
  "2018-201b 202a-202e 2032 2035 2043 2060-2064 2066-206f 20d0-20dc 20e1 20e5-20f0 2212 275b-275c 2800 2cef-2cf1",
  "2d7f 2de0-2dff 2e17 2e1a 2e3a-2e3b 2e40 2e5d 301c 302a-3030 3099-309a 30a0 a66f a674-a67d a69e-a69f a6f0-a6f1",
  "a78c a806 a82c a8c4 a8e0-a8f1 a92b-a92d a953 a9b3 a9c0 aab0 aab2-aab4 aab7-aab8 aabe-aabf aac1 aaf6 abed fb1e",
  "fe00-fe0f fe20-fe2f feff fff9-fffb 101fd 102e0 10376-1037a 10a0d 10a0f 10a38-10a3a 10a3f 10ae5-10ae6",
  "10d24-10d27 10eab-10ead 10f46-10f50 10f82-10f85 11046 11070 1107f 110b9-110ba 110bd 110cd 11100-11102",
  "11133-11134 11173 111c0 111ca 11235-11236 112e9-112ea 1133b-1133c 1134d 11366-1136c 11370-11374 11442 11446",
  "1145e 114c2-114c3 115bf-115c0 1163f 116b6-116b7 1172b 11839-1183a 1193d-1193e 11943 119e0 11a34 11a47 11a99",
  "11c3f 11d42 11d44-11d45 11d97 13430-13438 16af0-16af4 16b30-16b36 16ff0-16ff1 1bc9e 1bca0-1bca3 1d165-1d169",
  "1d16d-1d182 1d185-1d18b 1d1aa-1d1ad 1d242-1d244 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a",
  "1e130-1e136 1e2ae 1e2ec-1e2ef 1e8d0-1e8d6 1e944-1e94a e0001 e0020-e007f e0100-e01ef",
].join(" ").split(" ");

// Each letter, and what people type for it.
export const LETTERS = [
  "ßss æae ðd øo þth đd ħh ıi ĸk łl ŋn œoe ŧt ƀb ƃb ƈc ƌd ƒf ƙk ƚl ƞn ƥp ƫt ƭt ƴy ƶz ƺʒ ƿw ǝe ǥg ȡd ȥz ȴl ȵn ȶt",
  "ȷj ȼc ȿs ɀz ɇe ɉj ɋq ɍr ɏy ɓb ɔo ɕc ɖd ɗd əe ɚe ɛe ɝɜ ɟj ɠg ɦh ɧꜧ ɨi ɩi ɫl ɬl ɭl ɰɯ ɱm ɲn ɳn ɺɹ ɻɹ ɼr ɽr ɾr ʂs",
  "ʄj ʆʃ ʈt ʋv ʐz ʑz ʓʒ ʝj ʠq ʥʣ ʮɥ ʯɥ ςσ ѽѡ ҋи ҏр ґг ғг ҕг җж ҙз қк ҝк ҟк ңн ҧп ҫс ҭт ұү ҳх ҷч ҹч ҿҽ ӄк ӆл ӈн ӊн",
  "ӎм ӷг ӻг ӽх ӿх ԓл ԡл ԣн ԥп ԧһ ԩн ԯл كک ىی يی ᏸᏰ ᏹᏱ ᏺᏲ ᏻᏳ ᏼᏴ ᏽᏵ ᲀв ᲁд ᲂо ᲃс ᲄт ᲅт ᲆъ ᲇѣ ᲈꙋ ᴓᴑ ᵬb ᵭd ᵮf ᵯm ᵰn ᵱp",
  "ᵲr ᵳr ᵴs ᵵt ᵶz ᵼi ᵽp ᵿʊ ᶀb ᶁd ᶂf ᶃg ᶄk ᶅl ᶆm ᶇn ᶈp ᶉr ᶊs ᶋʃ ᶌv ᶍx ᶎz ᶏa ᶐɑ ᶑd ᶒe ᶓe ᶔɜ ᶕe ᶖi ᶗo ᶘʃ ᶙu ᶚʒ ẜs ẝs",
  "ỿy ⱡl ⱥa ⱦt ⱨh ⱪk ⱬz ⱱv ⱳw ⱴv ⱸe ⱹɹ ⱺo ꙑы ꚋт ꜯꜭ ꜻꜹ ꜿↄ ꝁk ꝃk ꝅk ꝉl ꝋo ꝍo ꝑp ꝓp ꝕp ꝗq ꝙq ꝟv ꝥth ꝧth ꞎl ꞑn ꞓc ꞔc",
  "ꞕh ꞗb ꞙf ꞡg ꞣk ꞥn ꞧr ꞩs ꞹu ꟈd ꟊs ꬴe ꬶɡ ꬷl ꬸl ꬹl ꬺm ꬻn ꬼn ꬾꬽ ꬿo ꭁᴔ ꭂᴔ ꭄꭃ ꭉr ꭊꭈ ꭌꭋ ꭎu ꭏʉ ꭒu ꭔꭓ ꭕꭓ ꭖx ꭗx ꭘx ꭙx ꭚy",
  "ꭦʣ ꭧʦ ꭨɹ ꭰᎠ ꭱᎡ ꭲᎢ ꭳᎣ ꭴᎤ ꭵᎥ ꭶᎦ ꭷᎧ ꭸᎨ ꭹᎩ ꭺᎪ ꭻᎫ ꭼᎬ ꭽᎭ ꭾᎮ ꭿᎯ ꮀᎰ ꮁᎱ ꮂᎲ ꮃᎳ ꮄᎴ ꮅᎵ ꮆᎶ ꮇᎷ ꮈᎸ ꮉᎹ ꮊᎺ ꮋᎻ ꮌᎼ ꮍᎽ ꮎᎾ ꮏᎿ ꮐᏀ ꮑᏁ",
  "ꮒᏂ ꮓᏃ ꮔᏄ ꮕᏅ ꮖᏆ ꮗᏇ ꮘᏈ ꮙᏉ ꮚᏊ ꮛᏋ ꮜᏌ ꮝᏍ ꮞᏎ ꮟᏏ ꮠᏐ ꮡᏑ ꮢᏒ ꮣᏓ ꮤᏔ ꮥᏕ ꮦᏖ ꮧᏗ ꮨᏘ ꮩᏙ ꮪᏚ ꮫᏛ ꮬᏜ ꮭᏝ ꮮᏞ ꮯᏟ ꮰᏠ ꮱᏡ ꮲᏢ ꮳᏣ ꮴᏤ ꮵᏥ ꮶᏦ",
  "ꮷᏧ ꮸᏨ ꮹᏩ ꮺᏪ ꮻᏫ ꮼᏬ ꮽᏭ ꮾᏮ ꮿᏯ 𝼀ʩ 𝼅ɮ 𝼆ʎ 𝼈ɹ 𝼉t 𝼋ʃ 𝼌ʃ 𝼍ʇ 𝼑l 𝼒ʤ 𝼓l 𝼔n 𝼕ɹ 𝼖r 𝼗ʧ 𝼘ʒ 𝼙ʤ 𝼚i 𝼛o 𝼜ʧ 𝼝c 𝼞s",
].join(" ").split(" ");
