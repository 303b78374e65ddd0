package status

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
)

// JSON is keepalived.json in the layout that json_version asks for: a list of the instances, or with version 2 an
// object that has it. It is one line without blanks. Without any instance there is none, and it returns nil.
func JSON(v vrrp.View) ([]byte, error) {
	if len(v.Instances) == 0 {
		return nil, nil
	}
	list := make([]jsonInstance, 0, len(v.Instances))
	for i := range v.Instances {
		list = append(list, jsonInstance{jsonData(&v.Instances[i], v), jsonStats(&v.Instances[i].Stats)})
	}
	var document any = list
	if v.Config.Global.JSONVersion == 2 {
		document = jsonTwo{list, jsonProcesses(v.Processes)}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return nil, fmt.Errorf("writing the instances as JSON: %w", err)
	}
	// A slash stands in strings only; upstream writes it escaped, and readers without a parser know it so.
	return bytes.ReplaceAll(bytes.TrimSpace(out.Bytes()), []byte("/"), []byte(`\/`)), nil
}

// The layout. The order of the fields is that of upstream.
type (
	jsonTwo struct {
		VRRP         []jsonInstance `json:"vrrp"`
		TrackProcess []jsonProcess  `json:"track_process,omitempty"`
	}
	jsonInstance struct {
		Data  instanceData  `json:"data"`
		Stats instanceStats `json:"stats"`
	}
	instanceData struct {
		Name                  string   `json:"iname"`
		DontTrackPrimary      flag     `json:"dont_track_primary"`
		SkipCheckAdvAddr      flag     `json:"skip_check_adv_addr"`
		Strict                flag     `json:"strict_mode"`
		VMACName              string   `json:"vmac_ifname"`
		Interface             string   `json:"ifp_ifname,omitempty"`
		MasterPriority        uint8    `json:"master_priority"`
		LastTransition        epoch    `json:"last_transition"`
		GARPDelay             span     `json:"garp_delay"`
		GARPRefresh           whole    `json:"garp_refresh"`
		GARPRepeat            int      `json:"garp_rep"`
		GARPRefreshRepeat     int      `json:"garp_refresh_rep"`
		GARPLowerPrioDelay    whole    `json:"garp_lower_prio_delay"`
		GARPLowerPrioRepeat   int      `json:"garp_lower_prio_rep"`
		LowerPrioNoAdvert     flag     `json:"lower_prio_no_advert"`
		HigherPrioSendAdvert  flag     `json:"higher_prio_send_advert"`
		VRID                  uint8    `json:"vrid"`
		BasePriority          uint8    `json:"base_priority"`
		EffectivePriority     uint8    `json:"effective_priority"`
		VIPSet                bool     `json:"vipset"`
		PromoteSecondaries    bool     `json:"promote_secondaries"`
		AdvertInterval        span     `json:"adver_int"`
		MasterAdvertInterval  span     `json:"master_adver_int"`
		Accept                flag     `json:"accept"`
		NoPreempt             bool     `json:"nopreempt"`
		PreemptDelay          whole    `json:"preempt_delay"`
		State                 uint8    `json:"state"`
		Wanted                uint8    `json:"wantstate"`
		Version               int      `json:"version"`
		SMTPAlert             bool     `json:"smtp_alert"`
		NotifyDeleted         bool     `json:"notify_deleted"`
		ScriptBackup          string   `json:"script_backup,omitempty"`
		ScriptMaster          string   `json:"script_master,omitempty"`
		ScriptFault           string   `json:"script_fault,omitempty"`
		ScriptStop            string   `json:"script_stop,omitempty"`
		ScriptDeleted         string   `json:"script_deleted,omitempty"`
		Script                string   `json:"script,omitempty"`
		ScriptMasterRxLowerPr string   `json:"script_master_rx_lower_pri,omitempty"`
		VIPs                  []string `json:"vips,omitempty"`
		ExcludedVIPs          []string `json:"evips,omitempty"`
		Routes                []string `json:"vroutes,omitempty"`
		Rules                 []string `json:"vrules,omitempty"`
		TrackInterfaces       []string `json:"track_ifp,omitempty"`
		TrackScripts          []string `json:"track_script,omitempty"`
		TrackProcesses        []string `json:"track_process,omitempty"`
		AuthType              uint8    `json:"auth_type"`
		AuthData              string   `json:"auth_data,omitempty"`
	}
	instanceStats struct {
		AdvertRcvd        uint64 `json:"advert_rcvd"`
		AdvertSent        uint64 `json:"advert_sent"`
		BecomeMaster      uint64 `json:"become_master"`
		ReleaseMaster     uint64 `json:"release_master"`
		PacketLength      uint64 `json:"packet_len_err"`
		AdvertInterval    uint64 `json:"advert_interval_err"`
		TTL               uint64 `json:"ip_ttl_err"`
		InvalidType       uint64 `json:"invalid_type_rcvd"`
		AddressList       uint64 `json:"addr_list_err"`
		InvalidAuthType   uint64 `json:"invalid_authtype"`
		AuthTypeMismatch  uint64 `json:"authtype_mismatch"`
		AuthFailure       uint64 `json:"auth_failure"`
		AuthExtMissing    uint64 `json:"auth_ext_missing"`
		AuthExtMalformed  uint64 `json:"auth_ext_malformed"`
		AuthExtUnknownKey uint64 `json:"auth_ext_unknown_key"`
		AuthExtInvalid    uint64 `json:"auth_ext_invalid_hmac"`
		AuthExtStale      uint64 `json:"auth_ext_stale"`
		AuthExtReplay     uint64 `json:"auth_ext_replay"`
		PriorityZeroRcvd  uint64 `json:"pri_zero_rcvd"`
		PriorityZeroSent  uint64 `json:"pri_zero_sent"`
	}
	jsonProcess struct {
		Process        string `json:"process"`
		Parameters     string `json:"parameters,omitempty"`
		ParamMatch     string `json:"param_match"`
		Min            int    `json:"min_processes"`
		Max            *int   `json:"max_processes,omitempty"`
		Current        int    `json:"current_processes"`
		HaveQuorum     bool   `json:"have_quorum"`
		Weight         int    `json:"weight"`
		TerminateDelay span   `json:"terminate_delay"`
		ForkDelay      span   `json:"fork_delay"`
		ForkTimer      bool   `json:"fork_delay_timer_running"`
		TerminateTimer bool   `json:"terminate_delay_timer_running"`
		FullCommand    bool   `json:"full_command"`
	}
)

// flag is a switch that is written as a number.
type flag bool

// MarshalJSON writes 0 or 1.
func (f flag) MarshalJSON() ([]byte, error) { return []byte(either(bool(f), "1", "0")), nil }

// epoch is a moment in seconds with six digits behind the point.
type epoch time.Time

// MarshalJSON writes a number.
func (e epoch) MarshalJSON() ([]byte, error) { return []byte(seconds(time.Time(e))), nil }

// span is a time in seconds with as many digits as it needs, whole one in whole seconds.
type (
	span  time.Duration
	whole time.Duration
)

// MarshalJSON writes a number.
func (s span) MarshalJSON() ([]byte, error) { return []byte(number(time.Duration(s))), nil }

// MarshalJSON writes a whole number.
func (w whole) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d", time.Duration(w)/time.Second), nil
}

func jsonData(in *vrrp.InstanceView, v vrrp.View) instanceData {
	c, m := &in.Config, &in.Machine
	d := instanceData{
		Name: c.Name, DontTrackPrimary: flag(c.DontTrackPrimary), SkipCheckAdvAddr: flag(c.SkipCheckAdvAddr), Strict: flag(c.Strict),
		VMACName: vmacName(c), Interface: cmp.Or(c.Own.Name, c.Interface), MasterPriority: m.MasterPriority, LastTransition: epoch(m.LastTransition),
		GARPDelay: span(c.GARP.MasterDelay), GARPRefresh: whole(c.GARP.Refresh), GARPRepeat: c.GARP.MasterRepeat,
		GARPRefreshRepeat: c.GARP.RefreshRepeat, GARPLowerPrioDelay: whole(c.GARP.LowerPrioDelay), GARPLowerPrioRepeat: c.GARP.LowerPrioRepeat,
		LowerPrioNoAdvert: flag(c.LowerPrioNoAdvert), HigherPrioSendAdvert: flag(c.HigherPrioSendAdvert),
		VRID: c.VRID, BasePriority: c.Priority, EffectivePriority: m.Priority,
		VIPSet: m.State == fsm.Master, PromoteSecondaries: c.PromoteSecondaries,
		AdvertInterval: span(c.AdvertInt), MasterAdvertInterval: span(m.MasterInterval),
		Accept: flag(c.Accept), NoPreempt: c.NoPreempt, PreemptDelay: whole(c.PreemptDelay),
		State: uint8(m.State), Wanted: uint8(m.Wanted), Version: c.Version,
		SMTPAlert: c.SMTPAlert, NotifyDeleted: c.NotifyDeleted.Use,
		ScriptBackup: command(c.NotifyBackup.Argv), ScriptMaster: command(c.NotifyMaster.Argv), ScriptFault: command(c.NotifyFault.Argv),
		ScriptStop: command(c.NotifyStop.Argv), ScriptDeleted: command(c.NotifyDeleted.Script.Argv), Script: command(c.Notify.Argv),
		ScriptMasterRxLowerPr: command(c.NotifyMasterRxLowerPri.Argv),
		VIPs:                  addressTexts(c.Addresses, in, v), ExcludedVIPs: addressTexts(c.ExcludedAddresses, in, v),
		AuthType: uint8(c.AuthType),
	}
	for i := range c.Routes {
		d.Routes = append(d.Routes, routeText(&c.Routes[i]))
	}
	for i := range c.Rules {
		d.Rules = append(d.Rules, ruleText(&c.Rules[i]))
	}
	d.TrackInterfaces, d.TrackProcesses = names(c.TrackInterfaces), names(c.TrackProcesses)
	for _, t := range c.TrackScripts {
		d.TrackScripts = append(d.TrackScripts, command(scriptNamed(v.Config, t.Name).Argv))
	}
	if c.AuthType != config.AuthNone {
		d.AuthData = "********"
	}
	return d
}

func jsonStats(s *vrrp.Stats) instanceStats {
	return instanceStats{
		AdvertRcvd: s.AdvertRcvd, AdvertSent: s.AdvertSent, BecomeMaster: s.BecomeMaster, ReleaseMaster: s.ReleaseMaster,
		PacketLength: s.Dropped[packet.Length], AdvertInterval: s.Dropped[packet.Interval], TTL: ttlErrors(s),
		InvalidType: s.Dropped[packet.Type], AddressList: addressErrors(s), InvalidAuthType: s.Dropped[packet.AuthTypeUnknown],
		AuthTypeMismatch: typeMismatches(s), AuthFailure: authFailures(s),
		AuthExtMissing: s.Dropped[packet.TrailerMissing], AuthExtMalformed: s.Dropped[packet.TrailerMalformed],
		AuthExtUnknownKey: s.Dropped[packet.TrailerKey], AuthExtInvalid: s.Dropped[packet.TrailerValue],
		AuthExtStale: s.Dropped[packet.TrailerStale], AuthExtReplay: s.Dropped[packet.TrailerReplay],
		PriorityZeroRcvd: s.PriorityZeroRcvd, PriorityZeroSent: s.PriorityZeroSent,
	}
}

// jsonProcesses describes tracked processes.
func jsonProcesses(list []vrrp.ProcessView) []jsonProcess {
	out := make([]jsonProcess, 0, len(list))
	for i := range list {
		p, s := &list[i].Config, &list[i].Status
		j := jsonProcess{
			Process: p.Name, ParamMatch: paramMatch(p.ParamMatch), Min: p.Quorum, Weight: p.Weight.Value,
			Current: s.Count, HaveQuorum: s.Have, ForkTimer: s.Gaining, TerminateTimer: s.Losing,
			TerminateDelay: span(p.TerminateDelay), ForkDelay: span(p.ForkDelay), FullCommand: p.FullCommand,
		}
		if len(p.Command) > 1 {
			j.Parameters = joined(p.Command[1:])
		}
		if p.Weight.Reverse {
			j.Weight = -j.Weight
		}
		if uint64(p.QuorumMax) < math.MaxUint32 {
			j.Max = &p.QuorumMax
		}
		out = append(out, j)
	}
	return out
}
