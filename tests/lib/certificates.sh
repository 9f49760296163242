# SPDX-License-Identifier: GPL-2.0-or-later
#
# Certificates for tests, made by openssl in the current folder when the tests run: nothing secret is kept. Each NAME
# becomes NAME.pem (private key), NAME.crt (certificate, PEM), NAME.key (PKCS #8, DER) and NAME.cert (certificate, DER).
set -e
umask 077

# key NAME KIND: KIND is rsa, ec, ed, or one that is not to be used: weak (RSA), curve.
key() {
	_name=$1
	case $2 in
	rsa) set -- RSA -pkeyopt rsa_keygen_bits:2048 ;;
	weak) set -- RSA -pkeyopt rsa_keygen_bits:1024 ;;
	ec) set -- EC -pkeyopt ec_paramgen_curve:P-256 ;;
	curve) set -- EC -pkeyopt ec_paramgen_curve:secp256k1 ;;
	ed) set -- ED25519 ;;
	esac
	openssl genpkey -out "$_name.pem" -algorithm "$@"
	openssl pkcs8 -topk8 -nocrypt -in "$_name.pem" -outform DER -out "$_name.key"
}

der() {
	openssl x509 -in "$1.crt" -outform DER -out "$1.cert"
}

# root NAME [DAYS]: a CA that has signed itself, "O=Example, CN=root NAME".
root() {
	key "$1" ec
	openssl req -new -key "$1.pem" -subj "/O=Example/CN=root $1" -addext basicConstraints=critical,CA:TRUE \
		-addext subjectKeyIdentifier=hash -out "$1.csr"
	openssl x509 -req -in "$1.csr" -key "$1.pem" -copy_extensions copy -days "${2:-100}" -out "$1.crt"
	der "$1"
}

# leaf NAME KIND CA DAYS EXTENSION [OPTION...]: "C=FR, O=Example, CN=NAME" without what follows the first dot.
leaf() {
	key "$1" "$2"
	_name=$1 _ca=$3 _days=$4 _extension=$5
	shift 5
	openssl req -new -key "$_name.pem" -subj "/C=FR/O=Example/CN=${_name%%.*}" -addext "$_extension" -out "$_name.csr"
	openssl x509 -req -in "$_name.csr" -CA "$_ca.crt" -CAkey "$_ca.pem" -set_serial "0x0$(openssl rand -hex 8)" \
		-copy_extensions copy -days "$_days" -out "$_name.crt" "$@"
	der "$_name"
}

# list CA CERTIFICATE [OPTION...]: the CA's revocation list, CA.crlpem and CA.crl (DER), with the certificate on it. Options of
# `openssl ca`: "-crlexts identified" gives it the key identifier of the CA, "-crlsec 1" makes it short-lived.
list() {
	_ca=$1 _cert=$2
	shift 2
	rm -f index index.*
	: >index
	echo 01 >number
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=9\n[identified]\nauthorityKeyIdentifier=keyid\n' >ca.cnf
	openssl ca -config ca.cnf -keyfile "$_ca.pem" -cert "$_ca.crt" -revoke "$_cert.crt" -crl_reason keyCompromise
	openssl ca -config ca.cnf -keyfile "$_ca.pem" -cert "$_ca.crt" -gencrl -out "$_ca.crlpem" "$@"
	openssl crl -in "$_ca.crlpem" -outform DER -out "$_ca.crl"
}
