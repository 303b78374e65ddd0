package httpget

// dsaKey saves the time to find parameters. It protects nothing.
const dsaKey = `-----BEGIN PRIVATE KEY-----
MIIBXAIBADCCATQGByqGSM44BAEwggEnAoGBAPNyqYDtsCM8Vuzbrv+f12xjptVm
O86WmGTG1WjpzHQGZEv/xNLqdFFgsNNEglZjenus25x4Tnj7pfOczXDP9IEPgzSe
3e80mob5DtgqqXXnry8P+hw2HESjSfnG00bU1WTNIrs9V99J/WdXRvgskjHhtnnw
nz2O9JQqdgsHAfkBAh0AxN1DNQ47qqTOZMg/yprb8K6WZzn0fmrab9c0RQKBgQC8
FDc7Now0ML4rKw/3yy69r1IXFUMM3yJAtM4sPWW/x9I5q3zzsa5STpqtXIsmVFpF
r0y866cn0NVk0ZjQAUsTEXvx94Nl53E/lrPOFSRP41XTaA1RaHQgy+Rkvg/2DJ4i
/nsaFxys64UuZdhQ15LWDtEy2J2ow/h3nehlk5aCOAQfAh0AoQfcpfsBNR2YcXgq
bZDYrC3g+qmNAMhJc4Uhsw==
-----END PRIVATE KEY-----
`
