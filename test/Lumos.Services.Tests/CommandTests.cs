using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Services.Client;

namespace Lumos.Services.Tests;

/// <summary>The commands' text, from a svc.startd that is a list of JSON objects.</summary>
public sealed class CommandTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private sealed class Startd : IServiceClient
    {
        public List<JsonObject> Asked { get; } = [];

        public JsonArray Instances { get; } = [];

        public Func<JsonObject, JsonObject>? Answer { get; set; }

        public JsonObject Ask(JsonObject request)
        {
            Asked.Add(request.DeepClone().AsObject());
            return (string?)request["op"] == "status"
                ? new JsonObject { ["instances"] = Instances.DeepClone() }
                : Answer?.Invoke(request) ?? new JsonObject { ["ok"] = true };
        }

        public JsonObject Add(string fmri, string state, int minutesAgo, string next = "none", bool enabled = true, params JsonObject[] dependencies)
        {
            var node = new JsonObject
            {
                ["fmri"] = fmri, ["name"] = "the " + fmri[(fmri.LastIndexOf('/') + 1)..fmri.LastIndexOf(':')], ["state"] = state, ["next"] = next,
                ["since"] = Now.AddMinutes(-minutesAgo).ToUnixTimeMilliseconds(), ["enabled"] = enabled, ["override"] = null,
                ["auxiliary"] = "none", ["reason"] = null, ["comment"] = null, ["start_status"] = null, ["contract"] = null,
                ["log"] = $"/var/svc/log/{fmri[5..].Replace('/', '-')}.log", ["manifest"] = "/usr/lib/svc/manifest/x.xml",
                ["manpages"] = new JsonArray(), ["satisfaction"] = "Satisfied", ["dependencies"] = new JsonArray([.. dependencies]),
            };
            Instances.Add(node);
            return node;
        }

        public static JsonObject On(string fmri, string state, string satisfaction = "Satisfied", string grouping = "require_all") => new()
        {
            ["name"] = "d", ["grouping"] = grouping, ["restart_on"] = "restart", ["satisfaction"] = satisfaction,
            ["targets"] = new JsonArray(new JsonObject
            {
                ["fmri"] = fmri, ["instances"] = state == "absent" ? [] : new JsonArray(fmri), ["state"] = state,
            }),
        };
    }

    private readonly Startd _startd = new();
    private readonly StringWriter _out = new(), _error = new();

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
    }

    private AppletContext Context(string name, string words) => new()
    {
        Name = name, Args = words.Split(' ', StringSplitOptions.RemoveEmptyEntries), Out = _out, Error = _error,
    };

    private int Svcs(string words) => SvcsApplet.Run(Context("svcs", words), _startd, Now, TimeZoneInfo.Utc);

    private int Svcadm(string words) => SvcadmApplet.Run(Context("svcadm", words), _startd);

    private void Populate()
    {
        _startd.Add("svc:/network/ssh:default", "online", 118)["contract"] = 80L;
        _startd.Add("svc:/network/smtp:sendmail", "disabled", 60 * 24 * 3, enabled: false);
        _startd.Add("svc:/site/a:default", "offline", 5, next: "online");
        _startd.Add("svc:/site/bad:default", "maintenance", 60 * 24 * 400)["auxiliary"] = "fault_threshold_reached";
    }

    [Fact]
    public void Svcs_lists_what_is_enabled()
    {
        Populate();
        Assert.Equal(0, Svcs(""));
        Assert.Equal("""
            STATE          STIME    FMRI
            online         10:02:00 svc:/network/ssh:default
            offline*       11:55:00 svc:/site/a:default
            maintenance    2025     svc:/site/bad:default

            """, _out.ToString());
    }

    [Fact]
    public void Svcs_lists_all_with_the_columns_asked_for()
    {
        Populate();
        Assert.Equal(0, Svcs("-aH -o state,nstate,stime,fmri -s fmri"));
        Assert.Equal("""
            disabled       -             Nov_17   svc:/network/smtp:sendmail
            online         -             10:02:00 svc:/network/ssh:default
            offline        online        11:55:00 svc:/site/a:default
            maintenance    -             2025     svc:/site/bad:default

            """, _out.ToString());
    }

    [Fact]
    public void Svcs_v_shows_the_contract()
    {
        Populate();
        Assert.Equal(0, Svcs("-vH ssh"));
        Assert.Equal("online         -             10:02:00     80 svc:/network/ssh:default\n", _out.ToString());
    }

    [Fact]
    public void Svcs_p_shows_processes()
    {
        Populate();
        _startd.Instances[0]!["processes"] = new JsonArray(new JsonObject
        {
            ["pid"] = 1234, ["command"] = "sshd", ["arguments"] = "sshd -D", ["started"] = Now.AddMinutes(-118).ToUnixTimeMilliseconds(),
        });
        Svcs("-p ssh");
        Assert.Equal("""
            STATE          STIME    FMRI
            online         10:02:00 svc:/network/ssh:default
                           10:02:00     1234 sshd

            """, _out.ToString());
    }

    [Fact]
    public void Svcs_says_what_matches_nothing()
    {
        Populate();
        Assert.Equal(1, Svcs("wibble"));
        Assert.Equal("svcs: Pattern 'wibble' doesn't match any instances\n", _error.ToString());
    }

    [Fact]
    public void Svcs_refuses_unknown_options_with_its_usage()
    {
        Assert.Equal(2, Svcs("-k"));
        Assert.StartsWith("svcs: unknown option -k\nUsage: svcs ", _error.ToString());
    }

    [Fact]
    public void Svcs_l_tells_all()
    {
        _startd.Add("svc:/site/a:default", "online", 118, dependencies: [Startd.On("svc:/site/b", "online"), Startd.On("svc:/site/c", "absent", grouping: "optional_all")])["contract"] = 42L;
        Svcs("-l site/a");
        Assert.Equal("""
            fmri         svc:/site/a:default
            name         the a
            enabled      true
            state        online
            next_state   none
            state_time   Fri Nov 20 10:02:00 2026
            logfile      /var/svc/log/site-a:default.log
            restarter    svc:/system/svc/restarter:default
            contract_id  42
            manifest     /usr/lib/svc/manifest/x.xml
            dependency   require_all/restart svc:/site/b (online)
            dependency   optional_all/restart svc:/site/c (absent)

            """, _out.ToString());
    }

    [Fact]
    public void Svcs_d_and_D_follow_dependencies()
    {
        _startd.Add("svc:/a:default", "online", 1, dependencies: Startd.On("svc:/b:default", "online"));
        _startd.Add("svc:/b:default", "online", 1);
        Svcs("-Hd -o fmri a");
        Svcs("-HD -o fmri b");
        Assert.Equal("svc:/b:default\nsvc:/a:default\n", _out.ToString());
    }

    [Fact]
    public void Svcs_x_names_the_root_cause_and_its_impact()
    {
        var bad = _startd.Add("svc:/site/bad:default", "maintenance", 10);
        bad["auxiliary"] = "fault_threshold_reached";
        bad["start_status"] = 1;
        _startd.Add("svc:/site/mid:default", "offline", 10, dependencies: Startd.On("svc:/site/bad:default", "maintenance", "Unsatisfiable"))["satisfaction"] = "Unsatisfiable";
        _startd.Add("svc:/site/top:default", "offline", 10, dependencies: Startd.On("svc:/site/mid:default", "offline", "Waiting"))["satisfaction"] = "Waiting";
        _startd.Add("svc:/site/fine:default", "online", 10);
        Assert.Equal(0, Svcs("-xv"));
        Assert.Equal("""
            svc:/site/bad:default (the bad)
             State: maintenance since Fri Nov 20 11:50:00 2026
            Reason: Start method failed repeatedly, last exited with status 1.
               See: /var/svc/log/site-bad:default.log
            Impact: 2 dependent services are not running:
                    svc:/site/mid:default
                    svc:/site/top:default

            """, _out.ToString());
        _out.GetStringBuilder().Clear();
        Svcs("-xv top");
        Assert.Equal("""
            svc:/site/top:default (the top)
             State: offline since Fri Nov 20 11:50:00 2026
            Reason: Service svc:/site/bad:default
                    is not running because a method failed repeatedly.
              Path: svc:/site/top:default
                      svc:/site/mid:default
                        svc:/site/bad:default
               See: /var/svc/log/site-top:default.log
            Impact: This service is not running.

            """, _out.ToString());
    }

    [Fact]
    public void Svcs_x_is_silent_when_all_is_well()
    {
        _startd.Add("svc:/site/fine:default", "online", 10);
        _startd.Add("svc:/site/off:default", "disabled", 10, enabled: false);
        Assert.Equal(0, Svcs("-x"));
        Assert.Equal("", _out.ToString());
    }

    [Fact]
    public void Svcadm_enables_and_says_so_when_asked()
    {
        Populate();
        Assert.Equal(0, Svcadm("-v enable -t smtp ssh"));
        var request = _startd.Asked[^1];
        Assert.Equal("""{"op":"enable","names":["svc:/network/smtp:sendmail","svc:/network/ssh:default"],"enabled":true,"temporary":true,"recursive":false,"comment":null}""",
            request.ToJsonString());
        Assert.Equal("svc:/network/smtp:sendmail temporarily enabled.\nsvc:/network/ssh:default temporarily enabled.\n", _out.ToString());
    }

    [Theory]
    [InlineData("done", 0, "")]
    [InlineData("maintenance", 3, "svcadm: Instance \"svc:/network/ssh:default\" is in maintenance state.\n")]
    [InlineData("dependencies", 4, "svcadm: Instance \"svc:/network/ssh:default\" has unsatisfied dependencies.\n")]
    public void Svcadm_s_tells_how_it_ended(string outcome, int status, string complaint)
    {
        Populate();
        _startd.Answer = request => (string?)request["op"] == "wait"
            ? new JsonObject { ["outcomes"] = new JsonObject { ["svc:/network/ssh:default"] = outcome } }
            : [];
        Assert.Equal(status, Svcadm("enable -s ssh"));
        Assert.Equal(complaint, _error.ToString());
    }

    [Fact]
    public void Svcadm_does_not_guess_between_services()
    {
        _startd.Add("svc:/a/x:default", "online", 1);
        _startd.Add("svc:/b/x:default", "online", 1);
        Assert.Equal(1, Svcadm("restart x"));
        Assert.Equal("svcadm: Pattern 'x' matches multiple instances:\n\tsvc:/a/x:default\n\tsvc:/b/x:default\n", _error.ToString());
        Assert.Equal(0, Svcadm("restart */x:default"));
        Assert.Equal(2, _startd.Asked.Count(a => (string?)a["op"] == "restart"));
    }

    [Fact]
    public void Svcadm_clear_of_a_healthy_service_fails()
    {
        Populate();
        _startd.Answer = _ => throw new LumosException("NotInMaintenance", "Instance \"svc:/network/ssh:default\" is not in a maintenance or degraded state.");
        Assert.Equal(1, Svcadm("clear ssh"));
        Assert.Equal("svcadm: Instance \"svc:/network/ssh:default\" is not in a maintenance or degraded state.\n", _error.ToString());
    }

    [Fact]
    public void Svcprop_prints_a_value_alone_and_groups_with_names()
    {
        Populate();
        _startd.Answer = _ => new JsonObject
        {
            ["groups"] = JsonNode.Parse("""{"config":{"type":"application","properties":{"port":{"type":"count","values":["80"]},"who":{"type":"astring","values":["a b",""]}}}}"""),
        };
        Assert.Equal(0, SvcpropApplet.Run(Context("svcprop", "-p config/port ssh"), _startd));
        Assert.Equal(0, SvcpropApplet.Run(Context("svcprop", "-p config ssh"), _startd));
        Assert.Equal("80\nconfig/port count 80\nconfig/who astring a\\ b \"\"\n", _out.ToString());
        Assert.Equal(1, SvcpropApplet.Run(Context("svcprop", "-p config/none ssh"), _startd));
        Assert.Equal("svcprop: Couldn't find property `config/none' for instance `svc:/network/ssh:default'.\n", _error.ToString());
    }

    [Theory]
    [InlineData("config/port = 80", null, "80")]
    [InlineData("config/port=count:80", "count", "80")]
    [InlineData("config/port = count: 80", "count", "80")]
    [InlineData("config/port = \"a b\"", null, "a b")]
    [InlineData("config/port = astring: (\"a \\\"b\" c)", "astring", "a \"b|c")]
    [InlineData("config/port = http://x", null, "http://x")]
    public void Svccfg_setprop_reads_values(string text, string? type, string values)
    {
        var expression = PropertyExpression.Parse(text);
        Assert.Equal(("config", "port", type, values), (expression.Group, expression.Name, expression.Type, string.Join('|', expression.Values)));
    }
}
