#!/bin/sh
# A source in POSIX sh: the accounts of a file like /etc/passwd, which the variable PASSWD_FILE names.
set -eu

accounts() { # all of them, or only the one called $1
    awk -F: -v only="${1-}" '
        function text(value,    at, sign, told) { # as JSON writes it
            for (at = 1; at <= length(value); at++) {
                sign = substr(value, at, 1)
                told = told (sign ~ /[\001-\037]/ ? " " : sign == "\\" || sign == "\"" ? "\\" sign : sign)
            }
            return "\"" told "\""
        }
        NF >= 7 && (only == "" || $1 == only) {
            printf "{\"message\":\"object\",\"type\":\"account\",\"id\":%s,\"position\":\"line %d\",", text($1), NR
            printf "\"attributes\":{\"login\":%s,\"uid\":%s,\"full_name\":%s,\"home\":%s,\"shell\":%s}}\n",
                text($1), text($3), text($5), text($6), text($7)
        }' "$PASSWD_FILE"
}

attribute() {
    printf '{"message":"attribute","type":"account","name":"%s","kind":"%s"}\n' "$1" "${2-text}"
}

while IFS= read -r request; do
    case $request in
        '{"request":"hello"'*)
            echo '{"message":"hello","protocol":1,"name":"passwd.sh"}'
            continue ;;
        *) [ -r "$PASSWD_FILE" ] || {
            printf '{"message":"failed","text":"%s cannot be read"}\n' "$PASSWD_FILE"
            continue
        } ;;
    esac
    case $request in
        '{"request":"schema"'*)
            for name in login full_name home shell; do attribute "$name"; done
            attribute uid integer ;;
        '{"request":"import"'*) accounts ;;
        '{"request":"read"'*'"id":"'*)
            id=${request#*\"id\":\"}
            accounts "${id%%\"*}" ;;
    esac
    echo '{"message":"end"}'
done
