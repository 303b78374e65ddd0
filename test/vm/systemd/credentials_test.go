package systemd

import (
	"fmt"
	"os"
	"strings"
)

const (
	keyFile    = "/etc/keepalived/vrrp_hmac.key"
	secretKey  = "hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
	signedWith = "    advert_int 1\n    auth_hmac {\n        key 1 file:${_ENV CREDENTIALS_DIRECTORY}/vrrp_hmac\n        active_key 1\n    }\n"
)

// credentials has the key of auth_hmac come from systemd, for the daemon of root and for that of another user.
func (s *system) credentials() {
	s.t.Helper()
	former, err := os.ReadFile(s.path(configFile))
	s.must(err)
	s.write(keyFile, secretKey)
	s.must(os.Chmod(s.path(keyFile), 0o600))
	s.write(configFile, strings.Replace(fmt.Sprintf(configuration, 150), "    advert_int 1\n", signedWith, 1))
	for _, more := range []string{"", "non-root.conf"} {
		s.dropIn("auth_hmac.conf", "", "")
		if more != "" {
			s.dropIn(more, "", "")
		}
		s.run("systemctl", "restart", "keepalived")
		s.master()
		s.run("systemctl", "reload", "keepalived")
		s.signs()
		invocation := s.run("journalctl", "--no-pager", "-o", "cat", "_SYSTEMD_INVOCATION_ID="+s.property("InvocationID"))
		if strings.Contains(invocation, "key") {
			s.t.Errorf("the key is not as it should be:\n%s", invocation)
		}
		s.must(os.RemoveAll(s.path("/etc/systemd/system/keepalived.service.d")))
		s.run("systemctl", "daemon-reload")
	}
	s.write(configFile, string(former))
	s.run("systemctl", "restart", "keepalived")
	s.master()
	s.note("the key of auth_hmac was a credential")
}

// signs waits until the adverts of the director have a trailer: 28 octets behind the 20 of version 2 with an address.
func (s *system) signs() {
	s.t.Helper()
	mark := s.Frames.Len()
	s.await("signed adverts", func() error {
		for _, f := range s.Frames.Since(mark) {
			if a, ok := f.Advert(); ok && len(a.Packet) == 20+28 {
				return nil
			}
		}
		return fmt.Errorf("none of %d frames is one", s.Frames.Len()-mark)
	})
}
