using Lumos.Core;

namespace Lumos.Node.FirstBoot;

/// <summary>Carries out a plan: each step is named as it begins; one that fails has the steps before it taken back, last first.</summary>
internal static class Setup
{
    /// <exception cref="LumosException">SetupFailed: names the step; the cause says why.</exception>
    internal static void Run(IReadOnlyList<SetupStep> plan, SetupTools tools)
    {
        using var undo = new UndoStack(tools.Notes.Say);
        foreach (var step in plan)
        {
            tools.Notes.Say(step.Name);
            try
            {
                if (step.Undo is { } back)
                {
                    // A tool that fails may still have got half way, but undoing what never was there only adds a line to the log.
                    step.Do(tools);
                    undo.Push(step.Name, () => back(tools));
                }
                else
                {
                    step.Do(tools);
                }
            }
            catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
            {
                throw new LumosException("SetupFailed", $"could not {step.Name}; what was done is taken back", inner: e);
            }
        }
        undo.Commit();
    }
}
