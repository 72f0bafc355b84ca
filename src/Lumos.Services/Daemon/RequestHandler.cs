using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Services.Graph;
using Lumos.Services.Model;
using Lumos.Services.Repository;
using Lumos.Services.Restarter;

namespace Lumos.Services.Daemon;

/// <summary>
/// What the commands may ask for. A change is done when it is answered (the repository's file is on disk); that services have
/// followed is asked by "wait", which is answered when they have, or cannot.
/// </summary>
public sealed class RequestHandler(Restarter.Restarter restarter, ServiceRepository repository, IContracts contracts, ServiceLogFiles logs)
{
    private readonly List<(PendingRequest Request, ImmutableArray<Fmri> Names, bool Up)> _waits = [];

    public void Handle(PendingRequest request)
    {
        var body = request.Body;
        string operation = (string?)body["op"] ?? "";
        if (request.User != 0 && operation is not ("status" or "properties" or "wait"))
        {
            throw new LumosException("PermissionDenied", "Permission denied");
        }
        switch (operation)
        {
            case "status":
                request.Answer(StatusReport.Write(restarter, contracts, logs, (bool?)body["processes"] ?? false));
                return;
            case "properties":
                request.Answer(Properties(body));
                return;
            case "wait":
                _waits.Add((request, [.. Names(body)], (bool)body["up"]!));
                return;
            case "enable":
                Enable(body);
                break;
            case "restart" or "refresh" or "clear" or "mark":
                foreach (var fmri in Names(body))
                {
                    Act(operation, Require(fmri), body);
                }
                break;
            case "milestone":
                ChangeMilestone((string)body["name"]!);
                break;
            case "import":
                var names = repository.Import((string)body["source"]!, (string)body["text"]!);
                Redefine(f => names.Contains(f.Service));
                break;
            case "delete":
                Delete(Name(body), (bool?)body["force"] ?? false);
                break;
            case "setprop":
                repository.SetProperty(
                    Name(body), (string)body["group"]!, (string)body["property"]!, (string?)body["type"],
                    [.. body["values"]!.AsArray().Select(v => (string)v!)]);
                break;
            case "delprop":
                repository.DeleteProperty(Name(body), (string)body["group"]!, (string)body["property"]!);
                break;
            default:
                throw new LumosException("BadRequest", $"unknown operation \"{operation}\"");
        }
        request.Answer(new JsonObject { ["ok"] = true });
    }

    /// <summary>Answers those who wait for what has come, or cannot come; call after the restarter has settled.</summary>
    public void AnswerWaits()
    {
        foreach (var wait in _waits.ToList())
        {
            var outcomes = wait.Names.Select(n => (Name: n, Outcome: Outcome(n, wait.Up))).ToList();
            if (outcomes.Any(o => o.Outcome == "pending"))
            {
                continue;
            }
            _waits.Remove(wait);
            wait.Request.Answer(new JsonObject
            {
                ["ok"] = true,
                ["outcomes"] = new JsonObject(outcomes.Select(o => KeyValuePair.Create(o.Name.ToString(), (JsonNode?)o.Outcome))),
            });
        }
    }

    /// <summary>Brings the definitions of some instances up to date with the repository; the others run by what they had.</summary>
    public void Redefine(Func<Fmri, bool> which)
    {
        var running = restarter.Instances.ToDictionary(i => i.Fmri, i => i.Definition);
        restarter.Define(repository.Compose(logs.Alert)
            .Select(d => which(d.Fmri) || !running.TryGetValue(d.Fmri, out var old) ? d : old));
    }

    private string Outcome(Fmri fmri, bool up)
    {
        if (restarter.Find(fmri) is not { } instance)
        {
            return "absent";
        }
        if (up ? instance.IsUp && restarter.IsWanted(instance) : instance is { State: ServiceState.Disabled, Next: ServiceState.None })
        {
            return "done";
        }
        if (instance.Next != ServiceState.None || instance.PendingMaintenance)
        {
            return "pending";
        }
        return instance.State switch
        {
            ServiceState.Maintenance when restarter.IsWanted(instance) => "maintenance",
            _ when up && !restarter.IsWanted(instance) => "disabled",
            ServiceState.Offline when up && restarter.Graph.Evaluate(fmri, restarter) == Satisfaction.Unsatisfiable => "dependencies",
            _ => "pending",
        };
    }

    private void Enable(JsonObject body)
    {
        bool enabled = (bool)body["enabled"]!;
        var targets = Names(body).ToList();
        if ((bool?)body["recursive"] == true)
        {
            targets = [.. targets.SelectMany(t => restarter.Graph.Subgraph(t)).Distinct()];
        }
        foreach (var instance in targets.Select(Require))
        {
            if ((bool?)body["temporary"] == true)
            {
                restarter.SetOverride(instance, enabled, (string?)body["comment"]);
                continue;
            }
            repository.SetEnabled(instance.Fmri, enabled);
            instance.Definition = instance.Definition with
            {
                Enabled = enabled,
                Properties = instance.Definition.Properties.With(
                    "general", "framework", "enabled", Property.Of("boolean", enabled ? "true" : "false")),
            };
            restarter.SetOverride(instance, null, (string?)body["comment"]);
        }
    }

    private void Act(string operation, ServiceInstance instance, JsonObject body)
    {
        switch (operation)
        {
            case "restart":
                restarter.Restart(instance);
                break;
            case "refresh":
                Redefine(f => f == instance.Fmri);
                restarter.Refresh(instance);
                break;
            case "clear" when !restarter.Clear(instance):
                throw new LumosException(
                    "NotInMaintenance", $"Instance \"{instance.Fmri}\" is not in a maintenance or degraded state.");
            case "mark" when (string)body["state"]! == "maintenance":
                restarter.MarkMaintenance(instance, (bool?)body["immediate"] ?? false);
                break;
            case "mark" when !restarter.MarkDegraded(instance):
                throw new LumosException("NotOnline", $"Instance \"{instance.Fmri}\" is not online, so it cannot be degraded");
        }
    }

    private void ChangeMilestone(string name)
    {
        if (name is not ("all" or "none"))
        {
            var fmri = Require(Fmri.Parse(name)).Fmri;
            if (!fmri.Service.StartsWith("milestone/", StringComparison.Ordinal))
            {
                throw new LumosException("NotAMilestone", $"\"{name}\" is not a major milestone");
            }
        }
        restarter.ChangeMilestone(name);
    }

    private void Delete(Fmri target, bool force)
    {
        var running = restarter.Instances.Where(i => i.Fmri.Service == target.Service
            && (target.Instance is null || i.Fmri == target) && i.State.IsRunning()).Select(i => i.Fmri.ToString()).ToList();
        if (running.Count > 0 && !force)
        {
            throw new LumosException(
                "InstanceRunning", $"Instance \"{running[0]}\" is running: disable it first, or kill it with svccfg delete -f");
        }
        repository.Delete(target);
        Redefine(_ => false);
    }

    private JsonObject Properties(JsonObject body)
    {
        var name = Name(body);
        if (name.Instance is not null && (bool?)body["configured"] != true)
        {
            var instance = Require(name);
            return new JsonObject { ["groups"] = BagJson.Write(RestarterProperties.Add(instance, contracts, logs)) };
        }
        var bag = name.Instance is null
            ? repository.Find(name.Service) is { } service ? repository.Admin.Of(name.ToString()).Over(service.Properties) : null
            : repository.Compose(name)?.Properties;
        return new JsonObject { ["groups"] = BagJson.Write(bag ?? throw NotFound(name)) };
    }

    private static Fmri Name(JsonObject body) => Fmri.Parse((string)body["name"]!);

    private static IEnumerable<Fmri> Names(JsonObject body) => body["names"]!.AsArray().Select(n => Fmri.Parse((string)n!));

    private ServiceInstance Require(Fmri fmri) => restarter.Find(fmri) ?? throw NotFound(fmri);

    private static LumosException NotFound(Fmri fmri) => new("NotFound", $"{fmri}: no such service or instance");
}
