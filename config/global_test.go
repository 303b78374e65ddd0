package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"keepalived-go/parser"
)

// Each line of global_defs with what it must change, its exit status, and whether Dump must write it so that it is read back.
func TestGlobalLines(t *testing.T) {
	const ok, bad = parser.StatusOK, parser.StatusConfig
	for _, c := range []struct {
		line   string
		change func(*Global)
		status parser.Status
	}{
		{"router_id a b c", func(g *Global) { g.RouterID = "a" }, ok},
		{`router_id "a b"`, func(g *Global) { g.RouterID = "a b" }, ok},
		{"vrrp_process_name x", func(g *Global) { g.VRRPProcess.Name = "x" }, ok},
		{"process_name abcdefghijklmnopq", func(g *Global) { g.ParentName = "abcdefghijklmno" }, bad},
		{"process_names", func(g *Global) {
			g.VRRPProcess.Name, g.CheckerProcess.Name, g.BFDProcess.Name = "keepalived_vrrp", "keepalived_lvs", "keepalived_bfd"
		}, ok},
		{"bfd_cpu_affinity 0 2", func(g *Global) { g.BFDProcess.CPUs = []int{0, 2} }, ok},
		{"bfd_cpu_affinity 0 x", func(*Global) {}, bad},
		{"bfd_cpu_affinity", func(*Global) {}, bad},
		{"vrrp_rt_priority 50", func(g *Global) { g.VRRPProcess.RTPriority = 50 }, ok},
		{"vrrp_rt_priority 500", func(g *Global) { g.VRRPProcess.RTPriority = 99 }, bad},
		{"vrrp_rt_priority 0", func(g *Global) { g.VRRPProcess.RTPriority = 1 }, bad},
		{"vrrp_rt_priority", func(*Global) {}, bad},
		{"dynamic_interfaces", func(g *Global) { g.DynamicInterfaces = true }, ok},
		{"dynamic_interfaces allow_if_changes", func(g *Global) { g.DynamicInterfaces, g.AllowIfChanges = true, true }, ok},
		{"dynamic_interfaces maybe", func(g *Global) { g.DynamicInterfaces = true }, bad},
		{"include_check +read -match", func(*Global) {}, ok},
		{"include_check readable", func(*Global) {}, bad},
		{"lvs_flush_on_stop", func(g *Global) { g.LVSFlushOnStop = FlushAll }, ok},
		{"lvs_flush_on_stop VS", func(g *Global) { g.LVSFlushOnStop = FlushVS }, ok},
		{"lvs_flush_on_stop all", func(*Global) {}, bad},
		{"notify_fifo /run/f root adm", func(g *Global) { g.NotifyFIFO = FIFO{"/run/f", "root", "adm"} }, ok},
		{"notify_fifo", func(*Global) {}, bad},
		{"notify_fifo_script /bin/x root", func(g *Global) { g.NotifyFIFOScript = Script{Argv: []string{"/bin/x"}, User: "root"} }, ok},
		{`startup_script "/bin/x 'a b'" root :adm`, func(g *Global) {
			g.StartupScript = Script{Argv: []string{"/bin/x", "a b"}, User: "root", Group: "adm", Supplement: true}
		}, ok},
		{"startup_script", func(*Global) {}, bad},
		{"script_user root adm", func(g *Global) { g.ScriptUser = Script{User: "root", Group: "adm"} }, ok},
		{"script_user", func(*Global) {}, bad},
		{"lvs_sync_daemon eth0 VI_1", func(g *Global) { g.LVSSyncDaemon = SyncDaemon{Interface: "eth0", Instance: "VI_1"} }, ok},
		{"lvs_sync_daemon eth0 inst V id 5 maxlen 9 port 10 ttl 3 group 224.0.0.99", func(g *Global) {
			g.LVSSyncDaemon = SyncDaemon{"eth0", "V", some(5), 9, 10, 3, netip.MustParseAddr("224.0.0.99")}
		}, ok},
		{"lvs_sync_daemon eth0 V 7", func(g *Global) { g.LVSSyncDaemon = SyncDaemon{Interface: "eth0", Instance: "V", ID: some(7)} }, bad},
		{"lvs_sync_daemon eth0 inst V idd 5", func(g *Global) { g.LVSSyncDaemon = SyncDaemon{Interface: "eth0", Instance: "V"} }, bad},
		{"lvs_sync_daemon eth0 inst V ttl 0", func(g *Global) { g.LVSSyncDaemon = SyncDaemon{Interface: "eth0", Instance: "V"} }, bad},
		{"lvs_sync_daemon eth0 inst V group 192.0.2.1", func(g *Global) { g.LVSSyncDaemon = SyncDaemon{Interface: "eth0", Instance: "V"} }, bad},
		{"lvs_sync_daemon", func(*Global) {}, bad},
		{"lvs_timeouts tcp 7 udp 9", func(g *Global) { g.LVSTimeouts = LVSTimeouts{TCP: some(7), UDP: some(9)} }, ok},
		{"lvs_timeouts tcpfin 0", func(g *Global) { g.LVSTimeouts.TCPFin = some(0) }, ok},
		{"lvs_timeouts tcp", func(*Global) {}, bad},
		{"lvs_timeouts icmp 7", func(*Global) {}, bad},
		{"max_auto_priority", func(g *Global) { g.MaxAutoPriority = 99 }, ok},
		{"max_auto_priority -1", func(g *Global) { g.MaxAutoPriority = -1 }, ok},
		{"max_auto_priority 100", func(*Global) {}, bad},
		{"nftables", func(g *Global) { g.NFTables = "keepalived" }, ok},
		{"nftables mine", func(g *Global) { g.NFTables = "mine" }, ok},
		{"nftables_ipvs", func(g *Global) { g.NFTablesIPVS = "keepalived_ipvs" }, ok},
		{"reload_file", func(g *Global) { g.ReloadFile = "keepalived.reload" }, ok},
		{"reload_check_config /tmp/log", func(g *Global) { g.ReloadCheckConfig = "/tmp/log" }, ok},
		{"smtp_server 192.0.2.1 2525", func(g *Global) { g.SMTPServer = SMTPServer{"192.0.2.1", 2525} }, ok},
		{"smtp_server mail.example.com", func(g *Global) { g.SMTPServer = SMTPServer{"mail.example.com", 0} }, ok},
		{"smtp_server 192.0.2.1 smtp", func(*Global) {}, bad},
		{"smtp_server", func(*Global) {}, parser.StatusMissing},
		{"smtp_connect_timeout 0", func(g *Global) { g.SMTPConnectTimeout = 1e9 }, bad},
		{"umask 022", func(g *Global) { g.Umask = some(uint32(0o22)) }, ok},
		{"umask 0x1f", func(g *Global) { g.Umask = some(uint32(0x1f)) }, ok},
		{"umask IRWXG|IXOTH", func(g *Global) { g.Umask = some(uint32(0o71)) }, ok},
		{"umask IRWX", func(*Global) {}, bad},
		{"umask 01000", func(*Global) {}, bad},
		{"vrrp_garp_extra_if all 5", func(g *Global) { g.VRRPGARPExtraIf = ExtraIf{true, some(5)} }, ok},
		{"vrrp_garp_extra_if 0", func(*Global) {}, bad},
		{"vrrp_vmac_garp_intvl 5", func(g *Global) { g.VRRPGARPExtraIf = ExtraIf{false, some(5)} }, bad},
		{"vrrp_rx_bufs_policy mtu", func(g *Global) { g.VRRPRxBufsPolicy = "MTU" }, ok},
		{"vrrp_rx_bufs_policy 65536", func(g *Global) { g.VRRPRxBufsPolicy = "65536" }, ok},
		{"vrrp_rx_bufs_policy some", func(*Global) {}, bad},
		{"vrrp_mcast_group4 224.0.0.99", func(g *Global) { g.VRRPMcastGroup4 = netip.MustParseAddr("224.0.0.99") }, ok},
		{"vrrp_mcast_group4 192.0.2.1", func(*Global) {}, bad},
		{"vrrp_mcast_group4 ff02::1", func(*Global) {}, bad},
		{"vrrp_mcast_group6 ff02::99", func(g *Global) { g.VRRPMcastGroup6 = netip.MustParseAddr("ff02::99") }, ok},
		{"vrrp_mcast_group6 ff05::99", func(g *Global) { g.VRRPMcastGroup6 = netip.MustParseAddr("ff05::99") }, bad},
		{"vrrp_min_garp off", func(*Global) {}, ok},
		{"vrrp_startup_delay 1.5", func(g *Global) { g.StartupDelay = 1500e6 }, ok},
		{"vmac_prefix a\nvmac_prefix b", func(g *Global) { g.VMACPrefix = "a" }, bad},
	} {
		got, diags := decodeText(t, "global_defs {\n"+c.line+"\n}\n")
		want := defaultGlobal("host")
		c.change(&want)
		if !reflect.DeepEqual(got.Global, want) {
			t.Errorf("%s gives\n%+v\nwant\n%+v", c.line, got.Global, want)
		}
		if s := status(diags); s != c.status {
			t.Errorf("%s: status %d, want %d: %v", c.line, s, c.status, diags)
		}
		if c.status == parser.StatusMissing {
			continue
		}
		if again, _ := decodeText(t, string(Dump(got))); !reflect.DeepEqual(again.Global, want) {
			t.Errorf("%s is written as\n%s", c.line, Dump(got))
		}
	}
}

func TestOutsideOfBlocks(t *testing.T) {
	c, diags := decodeText(t, "net_namespace n\nnet_namespace m\ninstance i\nuse_pid_dir\nchild_wait_time 9\nnet_namespace_ipvs\n")
	g := c.Global
	if g.NetNamespace != "n" || g.InstanceName != "i" || !g.UsePidDir || g.ChildWaitTime != 9e9 {
		t.Errorf("%+v", g)
	}
	if status(diags) != parser.StatusConfig || !says(diags, "net_namespace was given before") {
		t.Errorf("%v", diags)
	}
}

func TestSMTPServerIsResolvedWhereEnvCan(t *testing.T) {
	env := Env{Resolve: func(h string) bool { return h == "known" }}
	for host, want := range map[string]parser.Status{"known": parser.StatusOK, "unknown": parser.StatusConfig, "192.0.2.1": parser.StatusOK} {
		c, diags := decodeOn(t, fmt.Sprintf("global_defs {\nsmtp_server %s\n}\n", host), env)
		if status(diags) != want || (c.Global.SMTPServer.Host == host) != (want == parser.StatusOK) {
			t.Errorf("%s: %+v %v", host, c.Global.SMTPServer, diags)
		}
	}
}
