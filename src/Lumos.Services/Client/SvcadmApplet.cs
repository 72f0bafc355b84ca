using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Services.Client;

/// <summary>svcadm(8): asks for changes of services' states.</summary>
public static class SvcadmApplet
{
    public const string UsageText = """
        Usage: svcadm [-S state] [-v] [cmd [args ... ]]

        	svcadm enable [-rst] [<service>] ...	- enable and online service(s)
        	svcadm disable [-c comment] [-st] [<service>] ...	- disable and offline service(s)
        	svcadm restart [-d] [<service>] ...	- restart specified service(s)
        	svcadm refresh [<service>] ...		- re-read service configuration
        	svcadm mark [-It] <state> [<service>] ...	- set maintenance state
        	svcadm clear [<service>] ...		- clear maintenance state
        	svcadm milestone [-d] <milestone>	- advance to a service milestone

        	Services can be specified using an FMRI, abbreviation, or fnmatch(7)
        	pattern, as shown in these examples for svc:/network/smtp:sendmail

        	svcadm <cmd> svc:/network/smtp:sendmail
        	svcadm <cmd> network/smtp:sendmail
        	svcadm <cmd> network/*mail
        	svcadm <cmd> network/smtp
        	svcadm <cmd> smtp:sendmail
        	svcadm <cmd> smtp
        	svcadm <cmd> sendmail
        """;

    /// <summary>Ends of svcadm besides the common ones: what was waited for cannot come, for the service's or its dependencies' sake.</summary>
    public const int InstanceFault = 3, DependencyFault = 4;

    public static int Run(AppletContext context) => Run(context, ServiceClient.For(context));

    public static int Run(AppletContext context, IServiceClient client)
    {
        try
        {
            var args = new ArgParser().Flag('v').Value('S').Value('z').Flag('Z').StopAtFirstOperand().Parse(context.Args);
            if (args.Has('z') || args.Has('Z'))
            {
                throw new UsageException("-z and -Z are not supported yet; use zlogin ZONE svcadm");
            }
            if (args.Operands.Count == 0)
            {
                throw new UsageException("no command given");
            }
            return new Command(context, client, args).Run(args.Operands[0], [.. args.Operands.Skip(1)]);
        }
        catch (UsageException e)
        {
            context.Error.WriteLine($"svcadm: {e.Message}");
            context.Error.WriteLine(UsageText);
            return ExitStatus.Usage;
        }
    }

    private sealed class Command(AppletContext context, IServiceClient client, ParsedArgs global)
    {
        private bool _failed;

        internal int Run(string name, IReadOnlyList<string> words)
        {
            switch (name)
            {
                case "enable":
                {
                    var args = new ArgParser().Flag('r').Flag('s').Flag('t').Parse(words);
                    return Enable(args, enabled: true, comment: null);
                }
                case "disable":
                {
                    var args = new ArgParser().Flag('s').Flag('t').Value('c').Parse(words);
                    return Enable(args, enabled: false, args.Get('c'));
                }
                case "restart":
                {
                    var args = new ArgParser().Flag('d').Parse(words);
                    if (args.Has('d'))
                    {
                        throw new UsageException("restart -d (dump core) is not supported");
                    }
                    return Each("restart", args.Operands, "Action restart set for {0}.");
                }
                case "refresh":
                    return Each("refresh", new ArgParser().Parse(words).Operands, "Action refresh set for {0}.");
                case "clear":
                    return Each("clear", new ArgParser().Parse(words).Operands, "Action maint_off set for {0}.");
                case "mark":
                    return Mark(new ArgParser().Flag('I').Flag('t').Parse(words));
                case "milestone":
                    return Milestone(new ArgParser().Flag('d').Parse(words));
                default:
                    throw new UsageException($"unknown command \"{name}\"");
            }
        }

        private int Enable(ParsedArgs args, bool enabled, string? comment)
        {
            var targets = Targets(args.Operands);
            if (targets.IsEmpty)
            {
                return Done();
            }
            client.Ask(new JsonObject
            {
                ["op"] = "enable",
                ["names"] = ServiceClientRequests.NamesOf(targets),
                ["enabled"] = enabled,
                ["temporary"] = args.Has('t'),
                ["recursive"] = enabled && args.Has('r'),
                ["comment"] = comment,
            });
            foreach (var target in targets)
            {
                Say($"{target} {(args.Has('t') ? "temporarily " : "")}{(enabled ? "enabled" : "disabled")}.");
            }
            return args.Has('s') ? Wait(targets, enabled) : Done();
        }

        private int Wait(ImmutableArray<Fmri> targets, bool up)
        {
            var answer = client.Ask(new JsonObject { ["op"] = "wait", ["names"] = ServiceClientRequests.NamesOf(targets), ["up"] = up });
            int status = Done();
            foreach (var (name, outcome) in answer["outcomes"]!.AsObject())
            {
                switch ((string?)outcome)
                {
                    case "done":
                        break;
                    case "maintenance":
                        status = InstanceFault;
                        Complain($"Instance \"{name}\" is in maintenance state.");
                        break;
                    case "dependencies":
                        status = status == InstanceFault ? status : DependencyFault;
                        Complain($"Instance \"{name}\" has unsatisfied dependencies.");
                        break;
                    case var other:
                        status = InstanceFault;
                        Complain($"Instance \"{name}\" is {other}.");
                        break;
                }
            }
            return status;
        }

        private int Each(string operation, IReadOnlyList<string> words, string said, JsonObject? more = null)
        {
            foreach (var target in Targets(words))
            {
                var request = more?.DeepClone().AsObject() ?? [];
                request["op"] = operation;
                request["names"] = ServiceClientRequests.NamesOf([target]);
                try
                {
                    client.Ask(request);
                    Say(said.Replace("{0}", target.ToString()));
                }
                catch (LumosException e) when (e.Code is "NotInMaintenance" or "NotOnline" or "NotFound")
                {
                    Complain(e.Message);
                }
                catch (LumosException e) when (e.Code == "PermissionDenied")
                {
                    Complain($"{target}: Permission denied.");
                }
            }
            return Done();
        }

        private int Mark(ParsedArgs args)
        {
            if (!args.TryOperand(0, out string? state) || args.Operands.Count < 2)
            {
                throw new UsageException("mark needs a state and a service");
            }
            if (state is not ("maintenance" or "degraded"))
            {
                throw new UsageException($"\"{state}\" is not a state to mark; maintenance and degraded are");
            }
            return Each("mark", [.. args.Operands.Skip(1)], $"Action {state} set for {{0}}.", new JsonObject
            {
                ["state"] = state,
                ["immediate"] = args.Has('I'),
            });
        }

        private int Milestone(ParsedArgs args)
        {
            args.Expect(1, 1, "milestone");
            if (args.Has('d'))
            {
                throw new UsageException("milestone -d is not supported: give the boot argument milestone=NAME instead");
            }
            string name = args.Operands[0];
            if (name is not ("all" or "none"))
            {
                var matches = client.Status().Where(i => i.Fmri.Matches(name)).ToList();
                name = matches.Count == 1
                    ? matches[0].Fmri.ToString()
                    : throw new LumosException("NotAMilestone", $"\"{name}\" is not a milestone");
            }
            client.Ask(new JsonObject { ["op"] = "milestone", ["name"] = name });
            return ExitStatus.Success;
        }

        private ImmutableArray<Fmri> Targets(IReadOnlyList<string> words)
        {
            string? state = global.Get('S');
            if (words.Count == 0 && state is null)
            {
                throw new UsageException("no service given");
            }
            var all = client.Status();
            if (state is not null)
            {
                all = [.. all.Where(i => Model.ServiceStates.Text(i.State) == state)];
                words = words.Count == 0 ? ["*"] : words;
            }
            return [.. Operands.Find(words, all, manyAllowed: false, Complain).Select(i => i.Fmri)];
        }

        private void Complain(string text)
        {
            _failed = true;
            context.Error.WriteLine($"svcadm: {text}");
        }

        private void Say(string text)
        {
            if (global.Has('v'))
            {
                context.Out.WriteLine(text);
            }
        }

        private int Done() => _failed ? ExitStatus.Failure : ExitStatus.Success;
    }
}
