using Lumos.Node.Disks;

namespace Lumos.Node.FirstBoot;

/// <summary>
/// Takes answers through all questions: fills in defaults, validates each, and gives either what is to be set up or every
/// fault at once. A pure function of the answers and the machine.
/// </summary>
internal static class Interview
{
    internal static InterviewResult Conduct(Answers given, HostFacts host, IEnumerable<AnswerFault>? known = null)
    {
        var faults = new List<AnswerFault>(known ?? []);
        var complete = Answers.None;
        var defaulted = new List<string>();
        foreach (var question in Questions.All)
        {
            if (!question.Applies(complete))
            {
                continue;
            }
            string? answer = given[question.Key];
            if (answer is null or Answers.TakeDefault)
            {
                bool silent = answer is null;
                answer = question.Default(complete, host);
                if (answer is null)
                {
                    faults.Add(new AnswerFault(question.Key, silent ? "is not answered and has no default" : "has no default"));
                    continue;
                }
                if (silent && answer.Length > 0 && question.Writes.Length > 0)
                {
                    defaulted.Add($"{question.Key} is not answered; taking {answer}");
                }
            }
            complete = complete.With(question.Key, answer);
            if (question.Validate(answer, complete, host) is { } fault)
            {
                faults.Add(new AnswerFault(question.Key, fault));
            }
        }
        return faults.Count > 0
            ? new InterviewResult(null, faults, defaulted)
            : new InterviewResult(Settle(complete, host), [], defaulted);
    }

    private static SetupSpec Settle(Answers answers, HostFacts host)
    {
        bool isStatic = Questions.IsStatic(answers);
        return new SetupSpec
        {
            AdminNic = Check.FindLink(answers["admin_nic"]!, host)!.Mac,
            AdminIp = answers["admin_ip"]!,
            AdminNetmask = isStatic ? answers["admin_netmask"] : null,
            Gateway = isStatic && answers["headnode_default_gateway"] is { Length: > 0 } gateway and not "none" ? gateway : null,
            Resolvers = Named(answers["dns_resolver1"], answers["dns_resolver2"]),
            Domain = answers["dns_search"]!,
            TimeServers = Named(answers["ntp_host"]),
            Hostname = answers["hostname"]!,
            RootPassword = answers["root_password"]!,
            AuthorizedKeys = answers["root_authorized_keys"]!,
            Layout = Check.ComputeLayout(answers["zpool_layout"]!, host),
            ServerUuid = host.HardwareUuid,
            Memory = host.Memory,
            Unfinished = host.UnfinishedPools,
        };
    }

    private static IReadOnlyList<string> Named(params IEnumerable<string?> texts) =>
        texts.OfType<string>().Where(t => t is not ("" or "none")).Distinct().ToList();
}

/// <summary>What an interview gave.</summary>
/// <param name="Spec">What to set up; null when there are faults.</param>
/// <param name="Faults">Every wrong answer.</param>
/// <param name="Defaulted">A sentence for each default that was taken unasked.</param>
internal sealed record InterviewResult(SetupSpec? Spec, IReadOnlyList<AnswerFault> Faults, IReadOnlyList<string> Defaulted);

/// <summary>Everything the setting up needs; all of it checked.</summary>
internal sealed record SetupSpec
{
    public required Core.MacAddress AdminNic { get; init; }

    /// <summary>An IPv4 address or "dhcp".</summary>
    public required string AdminIp { get; init; }

    public string? AdminNetmask { get; init; }

    public string? Gateway { get; init; }

    public required IReadOnlyList<string> Resolvers { get; init; }

    public required string Domain { get; init; }

    public required IReadOnlyList<string> TimeServers { get; init; }

    public required string Hostname { get; init; }

    public required string RootPassword { get; init; }

    /// <summary>Lines of an authorized_keys file; "" for none.</summary>
    public required string AuthorizedKeys { get; init; }

    public required PoolLayout Layout { get; init; }

    /// <summary>The UUID the hardware brings; null: one is made.</summary>
    public string? ServerUuid { get; init; }

    /// <summary>Bytes of memory: what swap is measured by.</summary>
    public required long Memory { get; init; }

    /// <summary>Pools of ours whose setting up was cut short; they go first.</summary>
    public IReadOnlyList<string> Unfinished { get; init; } = [];
}
