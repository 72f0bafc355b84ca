using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Drivers.Files;
using Lumos.Drivers.Notices;
using Lumos.Node.FileSystems;
using Lumos.Node.Settings;

namespace Lumos.Node.FirstBoot;

/// <summary>
/// The method of svc:/system/smartdc/init.
/// <para>Purpose: make a bare machine a LumOS node, without a person in front of it: pool, datasets, /usbkey.</para>
/// <para>Vocabulary: <em>answers</em> are what a person would have typed at the installer, by SmartOS's keys (answers.json);
/// <em>questions</em> are the table that gives them meaning (<see cref="Questions"/>).</para>
/// <para>Order: find answers → read all → look at the machine → validate all → plan → carry out → mount as at any boot. Up to
/// the plan nothing is written; a wrong answer ends with status 96 and every fault by its key.</para>
/// <para>On disk: the pool is made with org.lumos:setup=unfinished and marked (/zones/.system_pool) as the last step. A pool
/// with the property and without the marker was cut short (power, crash); it holds nothing of anybody's and is taken away
/// and made again when there are answers. Pools without the property are never touched, disks that hold anything never
/// taken.</para>
/// <para>Failure: a step that fails has the pool destroyed again; the service goes into maintenance (95), the console login
/// stays usable, root's password is "root" as long as there is no pool.</para>
/// <para>Tested by Lumos.Node.Tests: questions, plan (golden) and the carrying out over fakes; the real thing by the live
/// suite.</para>
/// </summary>
/// <param name="tools">What the setting up works on.</param>
/// <param name="observe">Looks at the machine, given the pools that were found.</param>
internal sealed class FirstBootService(SetupTools tools, Func<PoolsFound, HostFacts> observe)
{
    /// <returns>The method's exit status.</returns>
    internal int Run(BootArguments boot)
    {
        if (boot.NoImport)
        {
            tools.Notes.Say("noimport: the machine is not set up in this mode");
            return ExitStatus.Success;
        }
        var found = SystemPool.Find(tools.Pools, tools.Datasets, tools.Paths);
        if (found.System is { } system)
        {
            if (!File.Exists(Path.Combine(tools.Paths.UsbKey, "config")))
            {
                tools.Notes.Announce($"pool {system.Name} is a system pool, but /usbkey/config is missing; write it and reboot");
            }
            return ExitStatus.Success;
        }
        LoginBeforeSetup();
        var source = new AnswerSource(tools.Host, tools.Notes).Find(boot);
        if (source is not { } answers)
        {
            tools.Notes.Announce(AnswerSource.HowTo);
            return SmfExit.Configuration;
        }
        var faults = new List<AnswerFault>();
        var given = Answers.Parse(answers.Text, answers.Origin, faults);
        var result = Interview.Conduct(given, observe(found), faults);
        if (result.Spec is not { } spec)
        {
            tools.Notes.Announce(string.Join("\r\n", (IEnumerable<string>)
            [
                $"The machine is not set up: answers in {answers.Origin} are wrong. Nothing was changed.",
                .. result.Faults.Select(f => $"  {f}"),
                "Correct them, then reboot or run: svcadm clear smartdc/init",
            ]));
            return SmfExit.Configuration;
        }
        foreach (string taken in result.Defaulted)
        {
            tools.Notes.Say(taken);
        }
        tools.Notes.Announce($"Setting up this machine with the answers in {answers.Origin} …");
        Setup.Run(SetupPlan.Make(spec), tools);
        tools.Host.Unmount(tools.Paths.UsbKey);
        var pool = SystemPool.Find(tools.Pools, tools.Datasets, tools.Paths).System
            ?? throw new LumosException("SetupFailed", "the pool was made, but is not recognised as the system's");
        new PersistentMounts(tools.Datasets, tools.Host, tools.Notes, tools.Paths).MountAll(pool, boot);
        tools.Notes.Announce($"This machine is set up: {spec.Hostname}, pool {pool.Name} ({spec.Layout.Profile}, "
            + $"{spec.Layout.Disks.Count()} disks).");
        return ExitStatus.Success;
    }

    /// <summary>As long as there is no pool, root's password is "root", so that a person can get in and help.</summary>
    private void LoginBeforeSetup()
    {
        string shadow = Path.Combine(tools.Paths.Etc, "shadow");
        string text = ShadowFile.WithHash(
            File.ReadAllText(shadow), "root", tools.Host.HashPassword("root"), DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86400);
        AtomicFile.Write(shadow, text, Modes.ReadableByRoot);
    }

    internal static int Applet(AppletContext context, Func<BootNotes, FirstBootService> compose, BootArguments boot)
    {
        if (context.Args is not ["start"])
        {
            throw new UsageException("usage: first-boot start (a method of svc:/system/smartdc/init)");
        }
        var notes = new BootNotes(context.Error);
        try
        {
            return compose(notes).Run(boot);
        }
        catch (LumosException e) when (e.Code == "BadAnswers")
        {
            notes.Announce($"{LumosException.Describe(e)}. Nothing was changed; correct it, then reboot or run: svcadm clear smartdc/init");
            return SmfExit.Configuration;
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            notes.Announce($"The machine is not set up: {LumosException.Describe(e)}. "
                + "Mend that, then reboot or run: svcadm clear smartdc/init");
            return SmfExit.Fatal;
        }
    }
}
