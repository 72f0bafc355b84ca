using Lumos.Init;
using Lumos.Init.EarlyBoot;
using Lumos.Init.Supervision;

// One small program, five lives: PID 1 of the initramfs, of the machine, of a native zone, the supervisor of a hosted global
// zone, and the trampoline by which children get their cgroup and user. Called by a person ("init 6") it hands over to the command of that name.
string[] words = Environment.GetCommandLineArgs();
if (words.Length > 1 && words[1] == "--exec")
{
    return ExecTrampoline.Run(words.AsSpan(2));
}
if (words.Length > 1 && words[1] == "--zone")
{
    return Pid1.Run(InitMode.Zone);
}
if (words.Length > 1 && words[1] == "--hosted")
{
    return HostedSupervisor.Run();
}
if (Environment.ProcessId != 1)
{
    return InitCommand.Run(words);
}
if (File.Exists(InitramfsStage.PlatformArchive))
{
    InitramfsStage.Run(); // becomes the next life, or never comes back
}
return Pid1.Run(InitMode.Machine);
